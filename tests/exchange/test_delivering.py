"""What a policy keeps from one recipient of a correction is held for a person, and the others get it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.audit.events import Act, AuditEvent
from hub.bootstrap.adapted import Adapters
from hub.entries import Delivery, OutboxEntry, RecordRow
from hub.errors import Refused
from hub.exchange.attachments.reading import read_attachment
from hub.exchange.broker import Broker
from hub.exchange.correcting import correct, withdraw
from hub.exchange.delivering import HeldFrom, deliver, held_from
from hub.exchange.drafting import discard, draft, preview
from hub.exchange.dues.heeding import unheeded
from hub.exchange.dues.looking import look_at_dues
from hub.exchange.policies import approve_policy, propose_policy
from hub.exchange.releasing import Approved, approve
from hub.exchange.routing import acknowledge, collect
from hub.exchange.taxii.inbox import lay_out_inbox
from hub.exchange.upkeep import drop, expire, resume, trace
from hub.policy.rulebook import shipped_text
from hub.records.actor import Actor, ActorKind, Role
from hub.records.lifecycle import DeliveryState, EntryState, RecordState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    Hubs,
    add_member,
    document,
    officer,
    release_it,
    released,
    run_lanes,
)
from tests.exchange.test_attachments import ref, sha256, uploaded

WHY = "order 7 was lifted"
_NUMBERS = count()
DESK = officer("asel", Role.RELEASER)
MVD = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
NOT_TO_RATS = (
    '@id("not-to-rats") @reason("Nothing goes to RATS for now.") forbid (principal, '
    'action == Action::"release", resource in Agency::"sco-rats") unless { principal == Officer::"asel" };'
)


@pytest.fixture
def three(hubs: Hubs) -> Hubs:
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd",))
    add_member(hubs.network.brokers["kz-knb"], "kz-mvd")
    return hubs


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Hubs]:
    made = Hubs(folder=tmp_path)
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        made.add(agency)
    made.pair_all()
    made.agree(extra=("kz-mvd",))
    add_member(made.network.brokers["kz-knb"], "kz-mvd")
    yield made
    made.close()


@pytest.fixture
def ours(three: Hubs) -> Broker:
    return three.network.brokers["kz-knb"]


def put_in_force(broker: Broker, *rules: str) -> None:
    dana, erlan = officer("dana", Role.CUSTODIAN), officer("erlan", Role.CUSTODIAN)
    row = propose_policy(broker, dana, "\n".join((shipped_text(), *rules, f"// {next(_NUMBERS)}")))
    approve_policy(broker, erlan, digest=row.digest)


def corrected(broker: Broker, record_id: str) -> RecordRow:
    return correct(broker, AIGUL, record_id, document(narrative="Right date"))


def approved(broker: Broker, row: RecordRow) -> Approved:
    return approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)


def entries(broker: Broker, record_id: str, version: int) -> dict[str, OutboxEntry]:
    return {one.recipient: one for one in trace(broker, record_id).entries if one.version == version}


def states(hubs: Hubs, agency: str, record_id: str) -> list[RecordState]:
    return [one.state for one in trace(hubs.network.brokers[agency], record_id).versions]


def events(broker: Broker, act: Act) -> Sequence[AuditEvent]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=1000) if event.act is act]


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def held(three: Hubs, ours: Broker) -> str:
    """Return a record of which a correction is held from sco-rats by the policy."""
    record_id = released(ours, "cis-atc", "sco-rats", "kz-mvd").record_id
    run_lanes(ours)
    put_in_force(ours, NOT_TO_RATS)
    approved(ours, corrected(ours, record_id))
    run_lanes(ours)
    return record_id


def test_a_rule_about_one_recipient_keeps_a_correction_from_none_of_the_others(
    three: Hubs, ours: Broker
) -> None:
    record_id = released(ours, "cis-atc", "sco-rats", "kz-mvd").record_id
    run_lanes(ours)
    put_in_force(ours, NOT_TO_RATS)
    row = corrected(ours, record_id)
    told = {one.recipient: [why.code for why in one.reasons] for one in preview(ours, record_id, BOLAT)}
    assert told == {"cis-atc": [], "kz-mvd": [], "sco-rats": ["policy-forbids"]}
    done = approved(ours, row)
    assert {who: [why.code for why in whys] for who, whys in done.kept.items()} == {
        "sco-rats": ["policy-forbids"]
    }
    run_lanes(ours)
    went = entries(ours, record_id, 2)
    assert {who: one.state for who, one in went.items()} == {
        "cis-atc": EntryState.ACCEPTED,
        "sco-rats": EntryState.HELD,
    }
    assert went["sco-rats"].reason == "policy-forbids"
    assert states(three, "cis-atc", record_id)[-1] is RecordState.RECEIVED
    assert states(three, "sco-rats", record_id) == [RecordState.RECEIVED]
    assert [one.row.version for one in collect(ours, "kz-mvd", after=0, limit=10)] == [1, 2]
    (event,) = events(ours, Act.HELD)
    assert (event.details["recipient"], event.details["rules"]) == ("sco-rats", "not-to-rats")
    with ours.store.read() as view:
        late = unheeded(view, ours.limits, agency="kz-knb", at=ours.clock.now())
        assert [(one.who, one.reason) for one in late if one.who == "sco-rats"] == [
            ("sco-rats", "policy-forbids")
        ]
        assert [one.recipient for one in held_from(view, record_id)] == ["sco-rats"]


def test_a_first_version_goes_to_all_or_to_nobody(three: Hubs, ours: Broker) -> None:
    put_in_force(ours, NOT_TO_RATS)
    row = draft(ours, AIGUL, document(), recipients=["cis-atc", "sco-rats"])
    assert refused(lambda: approved(ours, row)).code == "policy-forbids"


def test_a_correction_that_nobody_may_have_stays_a_draft(three: Hubs, ours: Broker) -> None:
    record_id = released(ours, "sco-rats").record_id
    put_in_force(ours, NOT_TO_RATS)
    row = corrected(ours, record_id)
    assert refused(lambda: approved(ours, row)).code == "policy-forbids"
    assert approve(ours, DESK, record_id, digest=row.digest, recipients=row.recipients).kept == {}


def test_whoever_may_release_it_there_lets_it_go(three: Hubs, ours: Broker) -> None:
    record_id = held(three, ours)
    assert refused(lambda: deliver(ours, BOLAT, record_id, "sco-rats", justification=WHY)).code == (
        "policy-forbids"
    )
    assert refused(lambda: deliver(ours, CUSTODIAN, record_id, "sco-rats", justification=WHY)).code == (
        "role-missing"
    )
    assert refused(lambda: deliver(ours, DESK, record_id, "cis-atc", justification=WHY)).code == "not-found"
    author = officer("aigul", Role.RELEASER)
    assert refused(lambda: deliver(ours, author, record_id, "sco-rats", justification=WHY)).code in {
        "four-eyes",
        "policy-denied",
    }
    told = deliver(ours, DESK, record_id, "sco-rats", justification=WHY)
    assert (told.recipient, told.version) == ("sco-rats", 2)
    run_lanes(ours)
    assert states(three, "sco-rats", record_id) == [RecordState.SUPERSEDED, RecordState.RECEIVED]
    (event,) = events(ours, Act.RESUMED)
    assert (event.actor.id, event.justification) == ("asel", WHY)
    assert refused(lambda: deliver(ours, DESK, record_id, "sco-rats", justification=WHY)).code == "not-found"


def test_an_operator_does_not_take_up_what_a_policy_holds(three: Hubs, ours: Broker) -> None:
    record_id = held(three, ours)
    entry_id = entries(ours, record_id, 2)["sco-rats"].entry_id
    assert refused(lambda: resume(ours, CUSTODIAN, entry_id)).code == "policy-forbids"
    drop(ours, CUSTODIAN, entry_id, reason="sent by courier")
    assert refused(lambda: resume(ours, CUSTODIAN, entry_id)).code == "policy-forbids"
    deliver(ours, DESK, record_id, "sco-rats", justification=WHY)
    run_lanes(ours)
    assert states(three, "sco-rats", record_id)[-1] is RecordState.RECEIVED


def test_what_is_let_go_after_its_life_has_ended_is_sealed_anew(three: Hubs, ours: Broker) -> None:
    record_id = held(three, ours)
    three.clock.pass_(ours.limits.time_to_live_s + 1)
    expire(ours)
    dead = entries(ours, record_id, 2)["sco-rats"]
    assert (dead.state, dead.reason) == (EntryState.DEAD, "policy-forbids")
    assert refused(lambda: resume(ours, CUSTODIAN, dead.entry_id)).code == "policy-forbids"
    deliver(ours, DESK, record_id, "sco-rats", justification=WHY)
    run_lanes(ours)
    assert states(three, "sco-rats", record_id)[-1] is RecordState.RECEIVED
    with ours.store.read() as view:
        assert held_from(view, record_id) == []


def test_a_withdrawal_reaches_those_from_whom_a_correction_is_held(three: Hubs, ours: Broker) -> None:
    record_id = held(three, ours)
    release_it(ours, withdraw(ours, AIGUL, record_id, reason="mistaken identity"))
    run_lanes(ours)
    for agency in ("cis-atc", "sco-rats"):
        assert states(three, agency, record_id)[0] is RecordState.WITHDRAWN
    overtaken = entries(ours, record_id, 2)["sco-rats"]
    assert (overtaken.state, overtaken.reason) == (EntryState.DEAD, "policy-forbids")
    assert refused(lambda: resume(ours, CUSTODIAN, overtaken.entry_id)).code == "policy-forbids"
    assert [one.details["code"] for one in events(ours, Act.DIED)] == ["superseded"]


def test_the_next_correction_goes_once_the_policy_lets_it(three: Hubs, ours: Broker) -> None:
    record_id = held(three, ours)
    put_in_force(ours)
    approved(ours, correct(ours, AIGUL, record_id, document(narrative="Right place")))
    run_lanes(ours)
    assert states(three, "sco-rats", record_id) == [RecordState.SUPERSEDED, RecordState.RECEIVED]
    assert [one.version for one in trace(three.network.brokers["sco-rats"], record_id).versions] == [1, 3]


def held_from_the_member(ours: Broker) -> str:
    """Return a record of which a correction is held from kz-mvd by the policy."""
    record_id = released(ours, "cis-atc", "kz-mvd").record_id
    run_lanes(ours)
    put_in_force(ours, NOT_TO_RATS.replace("sco-rats", "kz-mvd"))
    approved(ours, corrected(ours, record_id))
    return record_id


def from_mvd(broker: Broker, record_id: str) -> list[Delivery]:
    return [one for one in trace(broker, record_id).deliveries if one.member == "kz-mvd"]


def unheeded_by(broker: Broker, who: str) -> list[tuple[int, str, str | None]]:
    with broker.store.read() as view:
        found = unheeded(view, broker.limits, agency="kz-knb", at=broker.clock.now())
    return [(one.version, one.stands, one.reason) for one in found if one.who == who]


def inbox(broker: Broker, after: int = 0) -> list[tuple[int, int]]:
    found = collect(broker, "kz-mvd", after=after, limit=10)
    return [(one.delivery.position, one.row.version) for one in found]


def test_what_is_held_from_a_member_is_let_go_too(three: Hubs, ours: Broker) -> None:
    record_id = held_from_the_member(ours)
    assert inbox(ours) == [(1, 1)]
    with ours.store.read() as view:
        (found,) = held_from(view, record_id)
    assert (found.recipient, found.version, found.code) == ("kz-mvd", 2, "policy-forbids")
    other = draft(ours, AIGUL, document(narrative="About something else"), recipients=["kz-mvd"])
    approve(ours, DESK, other.record_id, digest=other.digest, recipients=other.recipients)
    assert inbox(ours, after=1) == [(2, 1)]
    deliver(ours, DESK, record_id, "kz-mvd", justification=WHY)
    assert inbox(ours, after=2) == [(3, 2)]
    assert [one.row.record_id for one in collect(ours, "kz-mvd", after=0, limit=10)] == [
        record_id,
        other.record_id,
        record_id,
    ]
    assert refused(lambda: deliver(ours, DESK, record_id, "kz-mvd", justification=WHY)).code == "not-found"
    (event,) = events(ours, Act.RESUMED)
    assert (event.subject, event.details["delivery"]) == (
        record_id,
        from_mvd(ours, record_id)[-1].delivery_id,
    )


def test_people_are_told_of_what_is_held_from_a_member(three: Hubs, ours: Broker) -> None:
    record_id = held_from_the_member(ours)
    inbox(ours)
    assert unheeded_by(ours, "kz-mvd") == [(2, "held", "policy-forbids")]
    three.clock.pass_(ours.limits.heed_remind_s + 1)
    look_at_dues(ours)
    (told,) = [one for one in events(ours, Act.REMINDED) if one.details["to"] == "kz-mvd"]
    assert (told.subject, told.details["version"]) == (record_id, "2")
    deliver(ours, DESK, record_id, "kz-mvd", justification=WHY)
    assert unheeded_by(ours, "kz-mvd") == [(2, "waiting", None)]
    (got,) = collect(ours, "kz-mvd", after=1, limit=10)
    acknowledge(ours, MVD, [got.delivery.delivery_id], DeliveryState.DELIVERED)
    assert unheeded_by(ours, "kz-mvd") == []


def test_a_member_comes_upon_nothing_that_is_held_from_it(three: Hubs, ours: Broker) -> None:
    record_id = held_from_the_member(ours)
    (_, held_one) = sorted(from_mvd(ours, record_id), key=lambda one: one.version)
    assert (held_one.version, held_one.state, held_one.reason) == (2, DeliveryState.HELD, "policy-forbids")
    for state in (DeliveryState.DELIVERED, DeliveryState.OPENED, DeliveryState.ACTIONED):
        stated = refused(partial(acknowledge, ours, MVD, [held_one.delivery_id], state))
        assert stated.code == "not-found"
    folder = three.folder / "adapters"
    adapting = Adapters(agency="kz-knb", store=ours.store, keyring=ours.keyring, folder=folder)
    lay_out_inbox(replace(ours, adapting=adapting), "kz-mvd")
    laid = [one.subject for one in events(ours, Act.LAID_OUT)]
    assert len(laid) == 1
    assert held_one.delivery_id not in laid


def test_a_member_reads_no_attachment_of_what_is_held_from_it(three: Hubs, ours: Broker) -> None:
    content = b"a photograph of nobody"
    uploaded(ours, content)
    record_id = released(ours, "cis-atc", "kz-mvd").record_id
    put_in_force(ours, NOT_TO_RATS.replace("sco-rats", "kz-mvd"))
    approved(ours, correct(ours, AIGUL, record_id, document(attachments=[ref(content)])))
    ask = partial(read_attachment, ours, MVD, record_id, sha256(content), justification=WHY)
    assert refused(ask).code == "not-found"
    deliver(ours, DESK, record_id, "kz-mvd", justification=WHY)
    assert b"".join(ask()) == content


@pytest.mark.parametrize("recalled", [False, True])
def test_the_next_version_ends_what_is_held_from_a_member(three: Hubs, ours: Broker, recalled: bool) -> None:
    record_id = held_from_the_member(ours)
    if recalled:
        release_it(ours, withdraw(ours, AIGUL, record_id, reason="mistaken identity"))
    else:
        put_in_force(ours)
        approved(ours, correct(ours, AIGUL, record_id, document(narrative="Right place")))
    assert {one.version: one.state for one in from_mvd(ours, record_id)} == {
        1: DeliveryState.WAITING,
        2: DeliveryState.DEAD,
        3: DeliveryState.WAITING,
    }
    assert inbox(ours) == [(1, 1), (2, 3)]
    (event,) = events(ours, Act.DIED)
    assert (event.subject, event.details["recipient"], event.details["code"]) == (
        record_id,
        "kz-mvd",
        "superseded",
    )
    assert [version for version, _, _ in unheeded_by(ours, "kz-mvd")] == [3]
    assert refused(lambda: deliver(ours, DESK, record_id, "kz-mvd", justification=WHY)).code == "not-found"


_WHO = ("cis-atc", "sco-rats", "kz-mvd")
_STEPS = st.one_of(
    st.tuples(st.just("forbid"), st.sets(st.sampled_from(_WHO))),
    st.tuples(st.just("correct"), st.just(set[str]())),
    st.tuples(st.just("deliver"), st.sets(st.sampled_from(_WHO), min_size=1, max_size=1)),
)


@pytest.mark.slow
@given(steps=st.lists(_STEPS, min_size=3, max_size=8))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_policy_forbade_everyone_ends_with_the_withdrawal(
    embedded: Hubs, steps: list[tuple[str, set[str]]]
) -> None:
    ours = embedded.network.brokers["kz-knb"]
    put_in_force(ours)
    record_id = released(ours, *_WHO).record_id
    run_lanes(ours)
    for what, who in steps:
        if what == "forbid":
            put_in_force(ours, *(NOT_TO_RATS.replace("to-rats", one).replace("sco-rats", one) for one in who))
        elif what == "correct":
            row = corrected(ours, record_id)
            kept = approved(ours, row).kept if _some_may(ours, row) else None
            if kept is None:
                discard(ours, AIGUL, record_id)
            else:
                assert {one.recipient for one in _held(ours, record_id)} == set(kept)
        else:
            for one in {each.recipient for each in _held(ours, record_id)} & who:
                deliver(ours, DESK, record_id, one, justification=WHY)
                assert one not in {each.recipient for each in _held(ours, record_id)}
        run_lanes(ours)
    release_it(ours, withdraw(ours, AIGUL, record_id, reason="mistaken identity"))
    run_lanes(ours)
    for agency in ("cis-atc", "sco-rats"):
        versions = trace(embedded.network.brokers[agency], record_id).versions
        assert versions[-1].action == "withdrawal"
        assert {one.state for one in versions[:-1]} == {RecordState.WITHDRAWN}
    assert collect(ours, "kz-mvd", after=0, limit=1000)[-1].row.action == "withdrawal"
    assert not [one for one in trace(ours, record_id).entries if one.state is EntryState.HELD]
    assert not [one for one in from_mvd(ours, record_id) if one.state is DeliveryState.HELD]


def _some_may(broker: Broker, row: RecordRow) -> bool:
    return any(not one.reasons for one in preview(broker, row.record_id, BOLAT))


def _held(broker: Broker, record_id: str) -> Sequence[HeldFrom]:
    with broker.store.read() as view:
        return held_from(view, record_id)
