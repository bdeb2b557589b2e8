"""Enough witnesses, or an alarm at once and, after a set period, no release; never silently open."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hub.audit.events import Act
from hub.errors import HubError, IntegrityFailure, Refused
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.correcting import withdraw
from hub.exchange.drafting import draft
from hub.exchange.releasing import approve
from hub.exchange.submitting import Submission, submit
from hub.exchange.witness.holding import quorum_warnings, refuse_unwitnessed
from hub.exchange.witness.settling import conclude
from hub.ports import Alarm
from hub.records.actor import Actor, ActorKind
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, Hubs, agreement_text, document
from tests.exchange.log.logs import signed
from tests.exchange.witness.test_asking import restored
from tests.exchange.witness.witnesses import OTHERS, LinkWitnessClient, ask_all, quorum, with_witnesses

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)


def changes(broker: Broker) -> list[tuple[str, str]]:
    with broker.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=10_000)]
    return [
        (e.details["change"], e.details.get("missing", "")) for e in events if e.act is Act.QUORUM_CHANGED
    ]


def released(broker: Broker) -> str | None:
    """Draft and approve a record; return the code of the refusal, if it is refused."""
    row = draft(broker, AIGUL, document(), recipients=["cis-atc"])
    try:
        approve(broker, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
    except HubError as failure:
        return failure.code
    return None


def down(hubs: Hubs, *agencies: str) -> None:
    hubs.network.down = set(agencies)


def after(hubs: Hubs, broker: Broker, client: LinkWitnessClient, wait: timedelta) -> None:
    """Let time pass, and a round be asked at its end."""
    hubs.clock.at += wait
    ask_all(broker, client, signed(broker, 1))


@pytest.fixture
def two_of_three(knb: Broker) -> Broker:
    """kz-knb with two of three witnesses needed, under an agreement with all of them."""
    adopt(knb, CUSTODIAN, agreement_text(["kz-knb", "kz-mvd", *OTHERS]))
    return with_witnesses(knb, *OTHERS, needed=2)


def test_a_quorum_is_met_by_as_many_as_are_needed(
    four: Hubs, two_of_three: Broker, client: LinkWitnessClient
) -> None:
    down(four, "kg-gknb")
    row = signed(two_of_three, 3)
    state = ask_all(two_of_three, client, row)
    assert (state.number, state.size, state.missing_since) == (row.number, row.size, None)
    assert changes(two_of_three) == []
    with two_of_three.store.read() as view:
        states = view.witnessing.states()
        assert [one.witness for one in view.witnessing.cosignatures(row.size)] == ["cis-atc", "sco-rats"]
    assert states["kg-gknb"].code == "partner-unreachable"
    assert states["cis-atc"].failing_since is None


def test_a_missing_quorum_is_told_at_once_and_its_return_too(
    four: Hubs, two_of_three: Broker, client: LinkWitnessClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hub.witness")
    ask_all(two_of_three, client, signed(two_of_three, 3))
    down(four, "kg-gknb", "sco-rats")
    first = ask_all(two_of_three, client, signed(two_of_three, 1))
    assert first.missing == ("sco-rats", "kg-gknb")
    again = ask_all(two_of_three, client, signed(two_of_three, 1))
    assert again.missing_since == first.missing_since == four.clock.now() - timedelta(seconds=1)
    down(four)
    assert ask_all(two_of_three, client, signed(two_of_three, 1)).missing_since is None
    assert changes(two_of_three) == [("missing", "sco-rats,kg-gknb"), ("back", "")]
    told = [record.getMessage() for record in caplog.records]
    assert told.count("quorum missing: sco-rats, kg-gknb") == 1
    assert told.count("quorum is back") == 1


def test_releases_go_on_for_a_set_period_without_a_quorum_and_then_are_refused(
    four: Hubs, two_of_three: Broker, client: LinkWitnessClient
) -> None:
    ask_all(two_of_three, client, signed(two_of_three, 3))
    down(four, "sco-rats", "kg-gknb")
    after(four, two_of_three, client, timedelta(minutes=1))
    assert released(two_of_three) is None
    after(four, two_of_three, client, timedelta(minutes=16))
    assert released(two_of_three) == "quorum-missing"
    with pytest.raises(Refused) as refused:
        refuse_unwitnessed(two_of_three)
    assert "sco-rats is missing (partner-unreachable)" in refused.value.sentence
    assert "2 of 3 witnesses" in refused.value.sentence
    down(four, "kg-gknb")
    after(four, two_of_three, client, timedelta(seconds=1))
    assert released(two_of_three) is None


def test_what_flows_by_rule_is_held_too(four: Hubs, two_of_three: Broker, client: LinkWitnessClient) -> None:
    down(four, *OTHERS)
    ask_all(two_of_three, client, signed(two_of_three, 3))
    after(four, two_of_three, client, HOUR)
    system = Actor(kind=ActorKind.SYSTEM, id="kz-mvd", agency="kz-mvd")
    with pytest.raises(Refused) as refused:
        submit(two_of_three, system, [Submission(document=document("designation"), recipients=["cis-atc"])])
    assert refused.value.code == "quorum-missing"


def test_a_withdrawal_goes_without_a_quorum(
    four: Hubs, two_of_three: Broker, client: LinkWitnessClient
) -> None:
    row = draft(two_of_three, AIGUL, document(), recipients=["cis-atc"])
    approve(two_of_three, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients)
    down(four, *OTHERS)
    ask_all(two_of_three, client, signed(two_of_three, 3))
    after(four, two_of_three, client, HOUR)
    assert released(two_of_three) == "quorum-missing"
    recall = withdraw(two_of_three, AIGUL, row.record_id, reason="sent in error")
    approve(two_of_three, BOLAT, recall.record_id, digest=recall.digest, recipients=recall.recipients)


def test_a_quorum_that_nobody_asks_for_counts_as_missing(
    four: Hubs, two_of_three: Broker, client: LinkWitnessClient
) -> None:
    """The keeper is dead, or no hub is served: the last quorum is too long ago."""
    ask_all(two_of_three, client, signed(two_of_three, 3))
    four.clock.at += timedelta(minutes=2)
    assert quorum_warnings(two_of_three) == ()
    four.clock.at += timedelta(minutes=1)
    assert quorum_warnings(two_of_three) == ("quorum-missing",)
    refuse_unwitnessed(two_of_three)
    four.clock.at += HOUR
    with pytest.raises(Refused) as refused:
        refuse_unwitnessed(two_of_three)
    assert "not asked since" in refused.value.sentence


def test_a_quorum_that_never_was_counts_from_the_first_checkpoint(four: Hubs, two_of_three: Broker) -> None:
    refuse_unwitnessed(two_of_three)
    signed(two_of_three, 3)
    refuse_unwitnessed(two_of_three)
    four.clock.at += HOUR
    with pytest.raises(Refused):
        refuse_unwitnessed(with_witnesses(two_of_three, *OTHERS, needed=2))


def test_no_quorum_needed_is_a_choice_that_holds_nothing(
    four: Hubs, knb: Broker, client: LinkWitnessClient
) -> None:
    adopt(knb, CUSTODIAN, agreement_text(["kz-knb", "kz-mvd", *OTHERS]))
    nobody, asked = with_witnesses(knb), with_witnesses(knb, *OTHERS)
    down(four, *OTHERS)
    after(four, asked, client, HOUR)
    after(four, asked, client, HOUR)
    assert released(nobody) is released(asked) is None
    assert quorum(knb).missing_since is None
    down(four, "cis-atc")
    assert ask_all(asked, client, signed(asked, 1)).met_at is not None


@pytest.mark.parametrize("needed", [0, 2])
def test_what_a_witness_proves_against_our_log_stops_releases_at_once(
    four: Hubs, knb: Broker, client: LinkWitnessClient, needed: int
) -> None:
    knb = with_witnesses(knb, *OTHERS, needed=needed)
    ask_all(knb, client, signed(knb, 40))
    backup = with_witnesses(restored(four, knb), *OTHERS, needed=needed)
    state = ask_all(backup, client, signed(backup, 3))
    assert state.alarm is Alarm.ROLLED_BACK
    with pytest.raises(IntegrityFailure) as refused:
        refuse_unwitnessed(backup)
    assert refused.value.code == "log-rolled-back"
    assert changes(backup).count(("log-rolled-back", "")) == 1
    assert ask_all(backup, client, signed(backup, 60)).alarm is Alarm.ROLLED_BACK


def test_heartbeats_add_no_cosignatures(four: Hubs, two_of_three: Broker, client: LinkWitnessClient) -> None:
    from dataclasses import replace

    row = signed(two_of_three, 3)
    ask_all(two_of_three, client, row)
    with two_of_three.store.read() as view:
        before: Sequence[object] = view.witnessing.cosignatures(row.size)
    four.clock.at += timedelta(minutes=1)
    with two_of_three.store.work() as work:
        again = replace(row, number=row.number + 1, at=four.clock.now())
        work.log.add_checkpoint(again)
        work.commit()
    state = ask_all(two_of_three, client, again)
    assert (state.number, state.met_at) == (again.number, four.clock.now())
    with two_of_three.store.read() as view:
        assert view.witnessing.cosignatures(row.size) == before


def test_an_older_round_that_ends_late_changes_nothing(
    four: Hubs, two_of_three: Broker, client: LinkWitnessClient
) -> None:
    old = signed(two_of_three, 3)
    state = ask_all(two_of_three, client, signed(two_of_three, 3))
    conclude(two_of_three, old)
    assert quorum(two_of_three) == state
