"""A parcel of a partner without a hub: taken once whatever is cut off, refused with a code and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hub.audit.events import Act
from hub.entries import IntakeRow, RecordRow
from hub.envelope.vault import unlock
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.contents import read_content
from hub.exchange.hubless.discarding import discard_parcels
from hub.exchange.hubless.keeper import look
from hub.exchange.hubless.pinning import suspend_hubless
from hub.exchange.hubless.taking import take_parcels
from hub.exchange.preparing import fill_in
from hub.records.lifecycle import RecordState
from hub.records.record import load_record
from tests.exchange.hubless.conftest import THEM, Pair
from tests.exchange.hubs import CUSTODIAN, add_member, document, with_limits


def theirs(pair: Pair, kind: str = "spontaneous-information") -> Mapping[str, Any]:
    """Return a record of the partner's own."""
    filled = fill_in(document(kind), agency=THEM, at=pair.broker.clock.now())
    return load_record(filled, max_bytes=1 << 20).document


def packed(pair: Pair, record: Mapping[str, Any]) -> bytes:
    return pair.theirs.dialect.translate(record).document


def records(pair: Pair) -> list[RecordRow]:
    with pair.broker.store.read() as view:
        return list(view.records.page(after=0, limit=50))


def intakes(pair: Pair, parcel_id: str = "theirs-1") -> list[IntakeRow]:
    with pair.broker.store.read() as view:
        return list(view.hubless.intakes_by_id(THEM, parcel_id))


def acts(pair: Pair, act: Act) -> int:
    with pair.broker.store.read() as view:
        return sum(event.act is act for _, event in view.events(after=0, limit=1000))


def verdicts(pair: Pair) -> list[str | None]:
    """Return what the partner is told, oldest first."""
    return [one.verdict.code for one in pair.carrier.receipts(limit=50)]


@pytest.fixture
def whole(made: Any) -> Pair:
    """A partner that sends whole records as JSON."""
    found: Pair = made(dialect="record-json")
    return found


def test_a_document_becomes_a_record_and_a_delivery_and_the_partner_is_told(whole: Pair) -> None:
    add_member(whole.broker, "kz-mvd")
    record = theirs(whole)
    whole.send(packed(whole, record))
    whole.look()
    (row,) = records(whole)
    assert (row.record_id, row.originator, row.state) == (record["id"], THEM, RecordState.RECEIVED)
    with whole.broker.store.read() as view:
        assert read_content(whole.broker, view, row).document == record
        assert [one.member for one in view.deliveries.of_record(row.record_id)] == ["kz-mvd"]
        (intake,) = view.hubless.intakes_of(THEM, row.record_id)
        parcel = view.bodies.get_many([intake.body_id])[intake.body_id]
    assert unlock(parcel, master_key=whole.broker.keyring.master_key()) == packed(whole, record)
    assert verdicts(whole) == [None]
    assert intake.acknowledged_at is not None


def test_a_correction_supersedes_and_a_withdrawal_recalls(whole: Pair) -> None:
    first = theirs(whole)
    whole.send(packed(whole, first), "a")
    whole.send(packed(whole, {**first, "version": 2, "action": "correction"}), "b")
    whole.look()
    assert [row.state for row in records(whole)] == [RecordState.SUPERSEDED, RecordState.RECEIVED]


def test_what_comes_again_gets_the_same_verdict_and_doubles_nothing(whole: Pair) -> None:
    content = packed(whole, theirs(whole))
    for _ in range(3):
        whole.send(content)
        whole.look()
        assert verdicts(whole) == [None]
        whole.carrier.settle("theirs-1")
    assert len(records(whole)) == 1
    assert [one.repeats for one in intakes(whole)] == [2]
    assert acts(whole, Act.ADMITTED) == 1


def test_other_bytes_under_an_id_that_came_are_refused_and_both_are_kept(whole: Pair) -> None:
    whole.send(packed(whole, theirs(whole)))
    whole.look()
    whole.carrier.settle("theirs-1")
    whole.send(packed(whole, theirs(whole)))
    whole.look()
    assert verdicts(whole) == ["envelope-id-reused"]
    assert sorted((one.code or "") for one in intakes(whole)) == ["", "envelope-id-reused"]
    assert len(records(whole)) == 1


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda _record: b"{", "partner-document-malformed"),
        (lambda record: json.dumps({**record, "originator": "ru-fsb"}).encode(), "originator-mismatch"),
        (lambda record: json.dumps({**record, "purpose": "curiosity"}).encode(), "record-invalid"),
        (
            lambda record: json.dumps(
                {**record, "legal_basis": {"agreement": "none-such", "articles": ["1"]}}
            ).encode(),
            "policy-denied",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_code_and_kept(whole: Pair, spoil: Any, code: str) -> None:
    whole.send(spoil(theirs(whole)))
    whole.look()
    assert verdicts(whole) == [code]
    assert records(whole) == []
    with whole.broker.store.read() as view:
        (held,) = view.hubless.held_intakes(limit=10)
        assert view.bodies.get_many([held.body_id])
    assert held.code == code
    assert acts(whole, Act.REFUSED) == 1


def test_an_object_that_changed_without_a_new_version_is_refused(made: Any) -> None:
    pair: Pair = made(dialect="stix")
    record = theirs(pair)
    pair.send(packed(pair, record), "a")
    pair.look()
    pair.send(packed(pair, {**record, "narrative": "Quite another matter."}), "b")
    pair.look()
    assert verdicts(pair) == [None, "partner-document-ambiguous"]
    assert len(records(pair)) == 1


def test_what_no_record_has_a_place_for_is_kept(whole: Pair) -> None:
    record = theirs(whole)
    whole.send(json.dumps({**record, "mood": "grim"}).encode())
    whole.look()
    (intake,) = intakes(whole)
    assert intake.code is None
    assert intake.unknown_id is not None
    with whole.broker.store.read() as view:
        body = view.bodies.get_many([intake.unknown_id])[intake.unknown_id]
    assert json.loads(unlock(body, master_key=whole.broker.keyring.master_key())) == {"mood": "grim"}


def test_too_many_refused_parcels_stop_the_intake_until_some_are_discarded(whole: Pair) -> None:
    broker = with_limits(whole.broker, parcels_held_max=1)
    partner = broker.standing().hubless[THEM]
    whole.send(b"{", "a")
    assert take_parcels(broker, partner) == 1
    whole.send(packed(whole, theirs(whole)), "b")
    with pytest.raises(Refused) as refused:
        take_parcels(broker, partner)
    assert refused.value.code == "quota-exceeded"
    discard_parcels(broker, CUSTODIAN, THEM, "a", why="told by telephone")
    assert take_parcels(broker, partner) == 1
    assert [one.code for one in intakes(whole, "a")] == ["partner-document-malformed"]
    with pytest.raises(Refused, match=r"^not-found"):
        discard_parcels(broker, CUSTODIAN, THEM, "b", why="told by telephone")


@pytest.mark.parametrize(
    "mood",
    ["1.50", "51.128207e-7", "-0.0", "[" * 45 + "1" + "]" * 45],
    ids=["fraction", "exponent", "zero", "deep"],
)
def test_unknown_numbers_and_depths_are_kept_and_hold_up_nothing(whole: Pair, mood: str) -> None:
    odd = json.dumps({**theirs(whole), "mood": "grim"}).replace('"grim"', mood)
    whole.send(odd.encode(), "a")
    whole.send(packed(whole, theirs(whole)), "b")
    whole.look()
    assert verdicts(whole) == [None, None]
    (intake,) = intakes(whole, "a")
    assert intake.unknown_id is not None
    with whole.broker.store.read() as view:
        body = view.bodies.get_many([intake.unknown_id])[intake.unknown_id]
    kept = unlock(body, master_key=whole.broker.keyring.master_key())
    assert json.loads(kept, parse_float=Decimal) == {"mood": json.loads(mood, parse_float=Decimal)}


def test_nothing_is_taken_from_who_is_suspended(whole: Pair) -> None:
    whole.send(packed(whole, theirs(whole)))
    partner = whole.broker.standing().hubless[THEM]
    suspend_hubless(whole.broker, CUSTODIAN, THEM)
    whole.hubs.clock.pass_(60)
    look(whole.broker, partner)
    assert (records(whole), verdicts(whole)) == ([], [])


def test_what_waits_for_a_reason_of_ours_makes_the_look_a_failed_one_and_holds_up_no_other(
    whole: Pair,
) -> None:
    first, second = theirs(whole), theirs(whole)
    whole.send(packed(whole, first), "theirs-1")
    whole.send(packed(whole, second), "theirs-2")
    waiting: Any = Unreadable(whole.broker.adapting, packed(whole, first))
    partner = whole.broker.standing().hubless[THEM]
    with pytest.raises(Refused) as refusal:
        take_parcels(replace(whole.broker, adapting=waiting), partner)
    assert refusal.value.code == "adapter-invalid"
    assert [row.record_id for row in records(whole)] == [second["id"]]
    assert take_parcels(whole.broker, partner) == 1
    assert {row.record_id for row in records(whole)} == {first["id"], second["id"]}


class Unreadable:
    """The adapters, which cannot read one parcel as the profile is now."""

    def __init__(self, adapting: Any, content: bytes) -> None:
        self._adapting = adapting
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapting, name)

    def read(self, partner: Any, content: bytes, **told: Any) -> Any:
        if content == self._content:
            raise Refused("adapter-invalid", "The profile names what is not held.")
        return self._adapting.read(partner, content, **told)


class Cut(Exception):
    """Stands for a process that ended just there."""


class CuttingStore:
    """The hub's database, whose next unit of work is cut off before or after its commit."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.before = 0
        self.after = 0

    def work(self) -> Any:
        @contextmanager
        def cutting() -> Any:
            with self._store.work() as work:
                commit = work.commit

                def cut() -> None:
                    self.before -= 1
                    if self.before == 0:
                        raise Cut
                    commit()
                    self.after -= 1
                    if self.after == 0:
                        raise Cut

                work.commit = cut
                yield work

        return cutting()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class CuttingAdapters:
    """The adapters, one of whose calls is cut off before or after it was made."""

    def __init__(self, adapting: Any, where: str) -> None:
        self._adapting = adapting
        self._step, _, self._moment = where.partition(" ")
        self.armed = True

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._adapting, name)
        if name != self._step or not self.armed:
            return real

        def cut(*args: Any, **told: Any) -> Any:
            self.armed = False
            if self._moment == "after":
                real(*args, **told)
            raise Cut

        return cut


def run_until_cut(broker: Broker, pair: Pair) -> None:
    pair.hubs.clock.pass_(broker.limits.parcels_interval_s)
    with pytest.raises(Cut):
        take_parcels(broker, broker.standing().hubless[THEM])


@pytest.mark.parametrize(
    "where", ["pull after", "read before", "read after", "acknowledge before", "acknowledge after"]
)
def test_a_cut_at_the_carrier_loses_nothing_and_doubles_nothing(whole: Pair, where: str) -> None:
    content = packed(whole, theirs(whole))
    whole.send(content)
    cutting: Any = CuttingAdapters(whole.broker.adapting, where)
    run_until_cut(replace(whole.broker, adapting=cutting), whole)
    whole.look()
    assert len(records(whole)) == 1
    assert verdicts(whole) == [None]
    assert acts(whole, Act.ADMITTED) == 1


@pytest.mark.parametrize(("commit", "moment"), [(1, "before"), (1, "after"), (2, "before"), (2, "after")])
def test_a_cut_at_the_database_loses_nothing_and_doubles_nothing(
    whole: Pair, commit: int, moment: str
) -> None:
    whole.send(packed(whole, theirs(whole)))
    store: Any = CuttingStore(whole.broker.store)
    setattr(store, moment, commit)
    run_until_cut(replace(whole.broker, store=store), whole)
    whole.look()
    assert len(records(whole)) == 1
    assert verdicts(whole) == [None]
    assert acts(whole, Act.ADMITTED) == 1
