"""Whatever is queued and settled in whatever order: heads and counters are what the port says they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.entries import Lane, OutboxEntry, Priority
from hub.ports import Store, UnitOfWork
from hub.records.lifecycle import ENTRY_STEPS, EntryState
from tests.amounts import SHARED
from tests.storage import rows

_LIVE = {EntryState.PENDING, EntryState.CARRIED, EntryState.HELD}
_LANES = ("cis-atc", "sco-rats")
_SHARES = {Priority.FLASH: 30, Priority.URGENT: 30, Priority.ROUTINE: 30}

_queued = st.tuples(st.just("queue"), st.sampled_from(_LANES), st.sampled_from("ab"), st.integers(0, 2))
_moved = st.tuples(st.just("move"), st.integers(0, 3), st.integers(0, 4), st.integers(0, 2))


def _heads(entries: list[OutboxEntry], lane: str) -> set[str]:
    """Return what may be claimed, from the words of the port."""
    first: dict[str, OutboxEntry] = {}
    for entry in entries:
        if entry.lane == lane and entry.state in _LIVE:
            first.setdefault(entry.conversation, entry)
    return {
        entry.entry_id
        for entry in first.values()
        if entry.state is EntryState.PENDING and entry.next_at <= rows.at()
    }


def _check(work: UnitOfWork) -> None:
    entries = list(work.outbox.page(after=0, limit=1000))
    due = []
    for lane in _LANES:
        claimed = work.outbox.claim(Lane(partner=lane), at=rows.at(), shares=_SHARES)
        assert set(rows.ids(claimed)) == _heads(entries, lane)
        due += [lane] * bool(claimed)
    assert work.outbox.lanes_due(rows.at()) == due
    counted = Counter((entry.lane, entry.state) for entry in entries)
    retries = Counter[tuple[str, EntryState]]()
    for entry in entries:
        retries[entry.lane, entry.state] += entry.retries
    found = work.outbox.counts()
    assert {(c.lane, c.state): c.count for c in found} == counted
    assert all(c.retries == retries[c.lane, c.state] for c in found)


@settings(max_examples=25, deadline=None, suppress_health_check=SHARED)
@given(steps=st.lists(st.one_of(_queued, _moved), min_size=1, max_size=12), look=st.booleans())
def test_heads_and_counts_are_right_after_any_steps(
    store: Store, steps: list[tuple[str, object, object, int]], look: bool
) -> None:
    one = rows.body()
    known: list[OutboxEntry] = []
    with store.work() as work:  # never committed: the next example finds an empty queue
        work.bodies.add([one])
        for action, first, second, third in steps:
            if action == "queue":
                entry = rows.entry(
                    one.body_id,
                    lane=first,
                    conversation=second,
                    priority=list(Priority)[third],
                    retries=third,
                    next_at=rows.at(-1 if third else 1),
                )
                work.outbox.queue([entry])
                known.append(entry)
            elif known:
                at = int(str(first)) % len(known)
                after = sorted(ENTRY_STEPS[known[at].state], key=lambda state: state.value)
                if after:
                    to = after[int(str(second)) % len(after)]
                    known[at] = replace(known[at], state=to, retries=known[at].retries + third)
                    work.outbox.settle(None, [known[at]])
            if look:
                _check(work)
        _check(work)
