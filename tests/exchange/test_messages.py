"""Hubs that only meet at a blind relay ask one another by messages: their books are compared all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from hub.audit.events import Act
from hub.envelope.messages import About, peek_message
from hub.errors import PeerFault, Refused
from hub.exchange.broker import Broker
from hub.exchange.mailbox import mailbox, poll
from hub.exchange.messages.asking import ask
from hub.exchange.messages.sending import AT_ONCE, hand_over, sealed_to
from hub.exchange.messages.taking import take_messages
from hub.exchange.reconciling.asking import reconcile
from hub.exchange.reconciling.nightly import reconcile_due, reconcile_relayed
from hub.exchange.suspending import suspend
from hub.exchange.upkeep import forget_messages
from hub.ports import MessageState, Transfer
from hub.records.ids import new_id
from tests.exchange.crafting import stated_books
from tests.exchange.hubs import CUSTODIAN, Hubs, released, run_lanes, with_limits

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow

US, RELAY, FAR = "kz-knb", "cis-atc", "sco-rats"


def moving(chain: Hubs) -> Callable[[float], object]:
    """Return a pause in which the other hubs go on, as their dispatchers would."""

    def pause(_seconds: float) -> bool:
        ours, relay, far = (chain.network.brokers[name] for name in (US, RELAY, FAR))
        for broker in (relay, far, relay, ours):
            run_lanes(broker)
        return False

    return pause


def exchanged(chain: Hubs, number: int = 3) -> None:
    for _ in range(number):
        released(chain.network.brokers[US], FAR)
    for name in (US, RELAY, RELAY):
        run_lanes(chain.network.brokers[name])


def statement(chain: Hubs, **told: object) -> bytes:
    return stated_books(chain.network.brokers[US], FAR, **told)


def question(chain: Hubs, at: Broker | None = None) -> Transfer:
    ours = at or chain.network.brokers[US]
    row = sealed_to(ours, ours.standing().partner(FAR), About.BOOKS, statement(chain))
    return Transfer(sealed=row.raw, hops=(ours.agency,))


def events_of(broker: Broker, act: Act) -> list[str]:
    with broker.store.read() as view:
        return [event.subject for _, event in view.events(after=0, limit=1000) if event.act is act]


def test_books_are_compared_by_way_of_a_relay(chain: Hubs) -> None:
    exchanged(chain)
    ours = chain.network.brokers[US]
    row, found = reconcile(ours, CUSTODIAN, FAR, pause=moving(chain))
    assert (row.compared, list(found)) == (3, [])
    row, found = reconcile(chain.network.brokers[FAR], CUSTODIAN, US, pause=moving(chain))
    assert (row.compared, list(found)) == (3, [])


def test_a_difference_is_found_and_both_sides_keep_what_was_signed(chain: Hubs) -> None:
    exchanged(chain)
    ours, relay, far = chain.network.brokers.values()
    engine = create_engine(far.store._database._writer.url)  # type: ignore[attr-defined]
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM inbox WHERE number = 2"))
    engine.dispose()
    row, (one,) = reconcile(ours, CUSTODIAN, FAR, pause=moving(chain))
    assert (one.kind.value, one.number) == ("sent-not-received", 2)
    for broker in (ours, far):
        with broker.store.read() as view:
            assert len(view.books.statements(row.statements)) == len(set(row.statements))
    with relay.store.read() as view:
        assert view.books.statements(row.statements) == {}


def test_a_relay_sees_who_asks_whom_and_nothing_else(chain: Hubs) -> None:
    exchanged(chain)
    relay = chain.network.brokers[RELAY]
    transfer = question(chain)
    assert take_messages(relay, US, [transfer]) == [None]
    assert b"hub-reconciliation" not in transfer.sealed
    assert b"extent" not in transfer.sealed
    header = peek_message(transfer.sealed).header
    assert (header.sender, header.recipient, header.answers) == (US, FAR, None)
    assert header.message_id in events_of(relay, Act.RELAYED)


def test_a_repeat_is_handed_on_and_answered_once(chain: Hubs) -> None:
    _ours, relay, far = chain.network.brokers.values()
    transfer = question(chain)
    assert take_messages(relay, US, [transfer, transfer]) == [None, None]
    assert take_messages(relay, US, [transfer]) == [None]
    with relay.store.read() as view:
        assert len(view.messages.waiting(FAR, 9)) == 1
    handed = replace(transfer, hops=(US, RELAY))
    assert take_messages(far, RELAY, [handed]) == [None]
    assert take_messages(far, RELAY, [handed]) == [None]
    assert len(events_of(far, Act.RECONCILED)) == 1
    with far.store.read() as view:
        assert len(view.messages.waiting(RELAY, 9)) == 1


def refused(chain: Hubs, transfer: Transfer, peer: str = US, at: str = RELAY) -> str | None:
    (code,) = take_messages(chain.network.brokers[at], peer, [transfer])
    return code


def test_a_relay_refuses_loops_long_ways_long_lives_and_what_was_not_agreed(chain: Hubs) -> None:
    ours, relay, far = chain.network.brokers.values()
    one = question(chain)
    assert refused(chain, replace(one, hops=(US, RELAY))) == "relay-loop"
    assert refused(chain, replace(one, hops=("a", "b", "c", "d"))) == "hop-limit"
    assert refused(chain, one, peer=FAR) == "originator-mismatch"
    assert refused(chain, question(chain, with_limits(ours, message_life_s=9e6))) == "time-to-live-too-long"
    assert refused(chain, Transfer(sealed=b"{}")) == "envelope-malformed"
    chain.pair(relay, ours)  # nothing is relayed for it any more
    assert refused(chain, one) == "relay-refused"
    assert "relay-refused" in {
        event.details.get("code") for _, event in _events(relay) if event.act is Act.REFUSED
    }
    chain.clock.pass_(2 * 3600)
    assert refused(chain, one) == "envelope-expired"
    assert far


def _events(broker: Broker) -> list[tuple[int, object]]:
    with broker.store.read() as view:
        return list(view.events(after=0, limit=1000))  # type: ignore[arg-type]


def test_an_answer_goes_back_although_only_the_other_way_was_agreed(chain: Hubs) -> None:
    ours, relay, far = chain.network.brokers.values()
    chain.pair(relay, far)  # nothing is relayed from it but answers
    row, _found = reconcile(ours, CUSTODIAN, FAR, pause=moving(chain))
    assert row.differences == 0
    unasked = sealed_to(far, far.standing().partner(US), About.BOOKS, b"{}", answers=new_id())
    assert refused(chain, Transfer(sealed=unasked.raw), peer=FAR) == "relay-refused"


def test_what_waits_at_a_relay_is_bounded_for_each_hub(chain: Hubs) -> None:
    relay = with_limits(chain.network.brokers[RELAY], relay_messages_max=2)
    chain.network.brokers[RELAY] = relay
    assert [refused(chain, question(chain)) for _ in range(3)] == [None, None, "quota-exceeded"]
    with pytest.raises(Refused, match="request-invalid"):
        take_messages(relay, US, [question(chain)] * (AT_ONCE + 1))


def test_an_answer_that_nobody_asked_for_is_refused(chain: Hubs) -> None:
    far = chain.network.brokers[FAR]
    answer = sealed_to(far, far.standing().partner(US), About.BOOKS, b"{}", answers=new_id())
    assert refused(chain, Transfer(sealed=answer.raw), peer=RELAY, at=US) == "request-invalid"


def test_a_statement_that_a_relay_made_up_is_refused_and_logged(chain: Hubs) -> None:
    """Anyone can seal to a hub; that it is not signed by whom it names is seen where it is opened."""
    relay, far = chain.network.brokers[RELAY], chain.network.brokers[FAR]
    forged = replace(relay, agency=US)
    row = sealed_to(forged, relay.standing().partner(FAR), About.BOOKS, b'{"payload":"e30","signatures":[]}')
    assert refused(chain, Transfer(sealed=row.raw), peer=RELAY, at=FAR) == "signature-missing"
    assert events_of(far, Act.RECONCILED) == []


def test_who_polls_its_relay_is_asked_through_its_mailbox(chain: Hubs) -> None:
    exchanged(chain)
    ours, relay, far = chain.network.brokers.values()
    chain.pair(relay, far, pulls=True, relay_for=[US])
    at_relay = far.standing().partner(RELAY).row

    def pause(_seconds: float) -> bool:
        run_lanes(relay)
        poll(far, at_relay, wait_s=0)
        run_lanes(relay)
        return False

    row, _found = reconcile(ours, CUSTODIAN, FAR, pause=pause)
    assert (row.compared, row.differences) == (3, 0)
    assert mailbox(relay, FAR, limit=5).messages == ()
    for _ in range(3):
        assert refused(chain, question(chain)) is None
    assert len(mailbox(relay, FAR, limit=2).messages) == 2


def test_who_does_not_answer_is_given_up_and_what_was_asked_is_forgotten(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    partner = ours.standing().partner(FAR)
    with pytest.raises(PeerFault, match="partner-unreachable: sco-rats, by way of cis-atc, has not answered"):
        ask(ours, partner, About.BOOKS, statement(chain), pause=lambda _seconds: True)
    chain.clock.pass_(2 * 3600)
    assert (forget_messages(ours), forget_messages(relay)) == (1, 1)


def test_a_question_that_the_relay_refuses_is_not_waited_for(chain: Hubs) -> None:
    ours, relay, _far = chain.network.brokers.values()
    chain.pair(relay, ours)
    partner = ours.standing().partner(FAR)
    with pytest.raises(PeerFault, match=r"did not hand the question on \(relay-refused\)"):
        ask(ours, partner, About.BOOKS, statement(chain), pause=lambda _seconds: False)


def test_a_relay_that_knows_no_messages_does_not_hold_up_envelopes(chain: Hubs) -> None:
    ours = chain.network.brokers[US]

    class Older(type(ours.carrier)):  # type: ignore[misc]
        def carry_messages(self, *_told: object, **_more: object) -> object:
            raise PeerFault("partner-unreachable", "cis-atc answered 404.", status=404)

    older = replace(ours, carrier=Older(us=US, network=chain.network))
    row = sealed_to(older, older.standing().partner(FAR), About.BOOKS, statement(chain))
    with older.store.work() as work:
        work.messages.add(row)
        work.commit()
    assert hand_over(older, older.standing().partner(RELAY).row) == 1
    with older.store.read() as view:
        told = view.messages.get(row.message_id)
        assert told is not None
        assert (told.state, told.code) == (MessageState.REFUSED, "relay-refused")
        assert view.outbox.lane(RELAY).failures == 0


def test_a_suspended_partner_is_not_answered(chain: Hubs) -> None:
    far = chain.network.brokers[FAR]
    transfer = question(chain)
    suspend(far, CUSTODIAN, US)
    assert refused(chain, transfer, peer=RELAY, at=FAR) == "partner-suspended"


def test_partners_behind_relays_have_their_night_too(chain: Hubs) -> None:
    exchanged(chain)
    ours = chain.network.brokers[US]

    def night() -> int:
        return reconcile_relayed(ours, hour=1, pause=lambda s: bool(s) and moving(chain)(s))

    assert night() == 0  # the first turn is in the night to come
    chain.clock.at += timedelta(days=1)
    assert (reconcile_due(ours, hour=1), night(), night()) == (0, 1, 0)
    with ours.store.read() as view:
        assert view.books.newest_reconciliations(US)[FAR].compared == 3
