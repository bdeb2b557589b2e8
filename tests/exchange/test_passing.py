"""Onward passing: with its originator's consent, under its signature, and changed as it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.audit.events import Act
from hub.entries import RecordRow
from hub.errors import Refused
from hub.evidence.anchors import Anchors
from hub.evidence.bundle import read_bundle
from hub.evidence.findings import Notebook, Outcome, Standing
from hub.evidence.passed import check_passed
from hub.evidence.sealed import OpenedPart, check_envelopes
from hub.evidence.verifying import verify_bundle
from hub.exchange.agreements import adopt
from hub.exchange.broker import Broker
from hub.exchange.confining import confine, confinements_of
from hub.exchange.correcting import correct, withdraw
from hub.exchange.drafting import revise
from hub.exchange.dues.heeding import unheeded
from hub.exchange.erasing import confirm_erasure, propose_erasure
from hub.exchange.evidence.anchoring import anchors_of
from hub.exchange.evidence.exporting import export
from hub.exchange.passing.following import follow_passages
from hub.exchange.passing.passing_on import pass_on
from hub.exchange.routing import Collected, acknowledge, collect, read_record
from hub.exchange.upkeep import trace
from hub.federation.card import fingerprint
from hub.records.actor import Actor, ActorKind, Role
from hub.records.lifecycle import DeliveryState, ReceiptStatus, RecordState
from tests.exchange.hubs import (
    AIGUL,
    BOLAT,
    CUSTODIAN,
    Hubs,
    agreement_text,
    officer,
    own_card_of,
    release_it,
    released,
    run_lanes,
    with_limits,
)
from tests.exchange.passages import ORCON, A, B, C, consented, newest, passed, passed_on, run, sent, three
from tests.exchange.test_attachments import refused

pytestmark = pytest.mark.slow

FREE = ORCON | {"originator_control": False}
WHY = "case 17"


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    made = three(tmp_path_factory.mktemp("hubs"))
    yield made
    made.close()


@pytest.fixture
def a(hubs: Hubs) -> Broker:
    return hubs.network.broker(A)


@pytest.fixture
def b(hubs: Hubs) -> Broker:
    return hubs.network.broker(B)


@pytest.fixture
def c(hubs: Hubs) -> Broker:
    return hubs.network.broker(C)


def corrected(hubs: Hubs, row: RecordRow, **changes: object) -> RecordRow:
    a = hubs.network.broker(A)
    told = dict(read_record(a, BOLAT, row.record_id, justification=WHY).document)
    drafted = correct(a, AIGUL, row.record_id, told | {"narrative": "Corrected."} | changes)
    release_it(a, drafted)
    return drafted


def withdrawn(hubs: Hubs, row: RecordRow) -> None:
    broker = hubs.network.broker(row.originator)
    release_it(broker, withdraw(broker, AIGUL, row.record_id, reason="a mistake"))


def states(broker: Broker, row: RecordRow) -> list[RecordState]:
    with broker.store.read() as view:
        return [one.state for one in view.records.versions(row.record_id, originator=row.originator)]


def came(broker: Broker, row: RecordRow) -> RecordRow:
    found = newest(broker, row)
    assert found is not None
    return found


def told_of(broker: Broker, act: Act, row: RecordRow) -> list[dict[str, str]]:
    with broker.store.read() as view:
        events = view.events_about([row.record_id], limit=1000)
    return [dict(event.details) for _position, event in events if event.act is act]


def collected(c: Broker, row: RecordRow) -> Sequence[Collected]:
    """Return what the member of the third hub gets of one record."""
    return [one for one in collect(c, "de-lka", after=0, limit=200) if one.row.record_id == row.record_id]


def test_a_record_goes_on_with_its_originators_signature_and_consent(
    hubs: Hubs, a: Broker, c: Broker
) -> None:
    row, consent, passage = passed(hubs)
    found = came(c, row)
    assert (found.originator, found.version, found.via, found.state) == (A, 1, B, RecordState.RECEIVED)
    assert (found.digest, found.label) == (row.digest, row.label)
    assert read_record(c, BOLAT, row.record_id, justification=WHY).originator == A
    assert came(a, passage).state is RecordState.RECEIVED
    (told,) = told_of(hubs.network.broker(B), Act.PASSED_ON, row)
    assert (told["recipients"], told["passage"], told["consent"]) == (C, passage.record_id, consent.record_id)
    entered = [one for one in told_of(c, Act.ADMITTED, row) if one.get("via") == B]
    assert [one["passage"] for one in entered] == [passage.record_id]


def test_it_goes_under_the_agreement_with_the_recipient_to_which_the_originator_is_no_party(
    hubs: Hubs, a: Broker, b: Broker, c: Broker
) -> None:
    bilateral = agreement_text([B, C, "de-lka"]).replace('"test-treaty"', '"kz-de"')
    for broker in (b, c):
        adopt(broker, CUSTODIAN, bilateral)
    row = sent(hubs, label=FREE)
    consented(hubs, row)
    passage = passed_on(hubs, row, under="kz-de")
    assert came(c, row).agreement == "kz-de"
    assert came(a, passage).state is RecordState.RECEIVED
    shown = collected(c, row)
    assert [(one.row.record_id, one.row.originator) for one in shown if one.record] == [(row.record_id, A)]


def test_what_is_confined_is_passed_on_within_its_compartment(hubs: Hubs, b: Broker) -> None:
    row = sent(hubs)
    consented(hubs, row)
    confine(b, officer("igor", Role.CUSTODIAN), row.record_id, "north", justification=WHY)
    with refused("policy-forbids"):
        pass_on(b, AIGUL, row.record_id, to=[C])
    inside = replace(AIGUL, compartments=frozenset({"north"}))
    passage = pass_on(b, inside, row.record_id, to=[C])
    with b.store.read() as view:
        assert [one.compartment for one in confinements_of(view, B, passage.record_id)] == ["north"]


def test_corrections_and_withdrawals_follow_and_nobody_decides_again(
    hubs: Hubs, b: Broker, c: Broker
) -> None:
    row, _consent, passage = passed(hubs)
    corrected(hubs, row)
    run(hubs)
    assert (came(c, row).version, came(c, row).state) == (2, RecordState.RECEIVED)
    withdrawn(hubs, row)
    run(hubs)
    assert states(c, row) == [RecordState.WITHDRAWN, RecordState.WITHDRAWN, RecordState.RECEIVED]
    assert came(c, row).action == "withdrawal"
    assert [one.status for one in trace(b, passage.record_id).receipts if one.by == C] == [
        ReceiptStatus.ACCEPTED
    ] * 3
    assert [one["version"] for one in told_of(b, Act.PASSED_ON, row)] == ["1", "2", "3"]
    assert follow_passages(b) == 0


def test_who_has_not_followed_is_shown_to_who_passed_it_on(hubs: Hubs, b: Broker) -> None:
    row, _consent, passage = passed(hubs)
    withdrawn(hubs, row)
    run_lanes(hubs.network.broker(A))
    hubs.network.down.add(C)
    follow_passages(b)
    run_lanes(b)
    with b.store.read() as view:
        late = unheeded(view, b.limits, agency=B, at=b.clock.now())
    assert {(one.record_id, one.who, one.action) for one in late} >= {(passage.record_id, C, "withdrawal")}
    hubs.network.down.clear()
    hubs.clock.pass_(3600)
    run(hubs)
    with b.store.read() as view:
        late = unheeded(view, b.limits, agency=B, at=b.clock.now())
    assert passage.record_id not in {one.record_id for one in late}


def test_taking_consent_back_takes_back_what_rests_on_it(hubs: Hubs, c: Broker) -> None:
    row = sent(hubs, label=FREE)
    consent = consented(hubs, row)
    passed_on(hubs, row)
    assert [one.record is not None for one in collected(c, row)] == [True]
    withdrawn(hubs, consent)
    run(hubs)
    assert came(c, row).state is RecordState.WITHDRAWN
    shown = collected(c, row)
    assert [(one.record, one.row.state) for one in shown] == [(None, RecordState.WITHDRAWN)] * 2
    consented(hubs, row)
    passed_on(hubs, row)
    assert came(c, row).state is RecordState.RECEIVED


def test_consent_whose_day_has_passed_still_lets_corrections_follow(hubs: Hubs, c: Broker) -> None:
    row, _consent, _passage = passed(hubs)
    hubs.clock.pass_(timedelta(days=40).total_seconds())
    corrected(hubs, row)
    run(hubs)
    assert (came(c, row).version, came(c, row).state) == (2, RecordState.RECEIVED)


def test_consent_that_ends_on_the_way_holds_what_was_released(hubs: Hubs, b: Broker, c: Broker) -> None:
    row = sent(hubs)
    consented(hubs, row)
    passage = pass_on(b, AIGUL, row.record_id, to=[C])
    hubs.network.down.add(C)
    release_it(b, passage)
    run_lanes(b)
    hubs.network.down.clear()
    hubs.clock.pass_(timedelta(days=31).total_seconds())
    run_lanes(b)
    assert {one.reason for one in trace(b, passage.record_id).entries if one.recipient == C} == {
        "consent-ended"
    }
    assert newest(c, row) is None


def test_what_comes_both_ways_is_one_record_and_stays_the_originators(
    hubs: Hubs, a: Broker, c: Broker
) -> None:
    row = released(a, B, label=ORCON)
    run(hubs)
    consent = consented(hubs, row)
    passed_on(hubs, row)
    told = dict(read_record(a, BOLAT, row.record_id, justification=WHY).document)
    following = correct(a, AIGUL, row.record_id, told)
    both = revise(a, AIGUL, row.record_id, expected_revision=1, recipients=[B, C])
    hubs.network.down.add(C)
    release_it(a, both)
    run_lanes(a)
    hubs.network.down.clear()
    b = hubs.network.broker(B)
    follow_passages(b)
    run_lanes(b)
    assert (came(c, row).version, came(c, row).via) == (following.version, B)
    hubs.clock.pass_(3600)
    run(hubs)
    assert (came(c, row).version, came(c, row).via) == (following.version, None)
    assert read_record(c, BOLAT, row.record_id, justification=WHY).originator == A
    withdrawn(hubs, consent)
    run(hubs)
    assert came(c, row).state is RecordState.OPENED
    assert len(states(c, row)) == 2


def test_what_came_directly_is_not_taken_again_by_a_passage(hubs: Hubs, a: Broker, c: Broker) -> None:
    row = released(a, B, C, label=ORCON)
    run(hubs)
    consent = consented(hubs, row)
    passed_on(hubs, row)
    assert (came(c, row).via, states(c, row)) == (None, [RecordState.RECEIVED])
    withdrawn(hubs, consent)
    run(hubs)
    assert states(c, row) == [RecordState.RECEIVED]


def test_what_members_do_with_it_is_stated_to_who_passed_it_on(hubs: Hubs, b: Broker, c: Broker) -> None:
    row = sent(hubs, label=FREE)
    consented(hubs, row)
    passage = passed_on(hubs, row)
    (one,) = collected(c, row)
    system = Actor(kind=ActorKind.SYSTEM, id="de-lka", agency="de-lka")
    acknowledge(c, system, [one.delivery.delivery_id], DeliveryState.DELIVERED)
    run(hubs)
    told = [(r.by, r.status, r.member) for r in trace(b, passage.record_id).receipts if r.member]
    assert told == [(C, ReceiptStatus.DELIVERED, "de-lka")]


def test_what_cannot_follow_is_taken_back(hubs: Hubs, b: Broker, c: Broker) -> None:
    """A next version that cannot be passed on leaves nothing wrong behind."""
    row, _consent, _passage = passed(hubs)
    long = "x" * 90_000
    corrected(hubs, row, narrative=long)
    run_lanes(hubs.network.broker(A))
    follow_passages(with_limits(b, record_max_bytes=100_000))
    run(hubs)
    assert states(c, row) == [RecordState.WITHDRAWN]


def test_erasing_the_record_erases_what_was_passed_on_of_it(hubs: Hubs, b: Broker, c: Broker) -> None:
    row, _consent, passage = passed(hubs)
    one, other = officer("igor", Role.CUSTODIAN), officer("dana", Role.CUSTODIAN)
    for broker in (b, c):
        propose_erasure(broker, one, row.record_id, justification=WHY)
        confirm_erasure(broker, other, row.record_id)
        for record in (row, passage):
            with refused("content-erased"):
                read_record(broker, BOLAT, record.record_id, justification=WHY)
    with pytest.raises(Refused):
        pass_on(b, AIGUL, row.record_id, to=[C])


@pytest.mark.parametrize("what", ["the record", "the consent"])
def test_what_the_hub_between_erased_is_taken_back_all_the_same(
    hubs: Hubs, b: Broker, c: Broker, what: str
) -> None:
    row, consent, _passage = passed(hubs)
    gone = row if what == "the record" else consent
    propose_erasure(b, officer("igor", Role.CUSTODIAN), gone.record_id, justification=WHY)
    confirm_erasure(b, officer("dana", Role.CUSTODIAN), gone.record_id)
    corrected(hubs, row)
    run(hubs)
    following = came(c, row)
    if what == "the record":
        assert (following.version, following.state) == (2, RecordState.RECEIVED)
    else:
        assert (following.version, following.state) == (1, RecordState.WITHDRAWN)
    withdrawn(hubs, row)
    run(hubs)
    assert RecordState.RECEIVED not in states(c, row)[:2]
    with b.store.read() as view:
        assert not view.passages.behind(B, after="", limit=9)


def test_a_passage_that_cannot_follow_keeps_no_other_from_following(
    hubs: Hubs, b: Broker, c: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.exchange.passing.following._AT_ONCE", 1)
    (damaged, _, first), (row, _, _second) = passed(hubs), passed(hubs)
    with sqlite3.connect(hubs.folder / B / "hub.sqlite3") as database:
        body = "SELECT body_id FROM records WHERE record_id = ?"
        database.execute(
            f"UPDATE bodies SET ciphertext = zeroblob(99) WHERE body_id = ({body})", [first.record_id]
        )
    for one in (damaged, row):
        withdrawn(hubs, one)
    run(hubs)
    assert came(c, damaged).action == "new"
    assert came(c, row).action == "withdrawal"


def test_evidence_shows_both_signatures_of_the_originator(hubs: Hubs, b: Broker, c: Broker) -> None:
    row, _consent, passage = passed(hubs)
    read_record(c, BOLAT, row.record_id, justification=WHY)
    run(hubs)
    for broker, record in ((b, passage), (c, row)):
        raw = export(broker, CUSTODIAN, record.record_id, justification="case 17 of the court")
        anchors = anchors_of(broker, own_fingerprint=fingerprint(own_card_of(broker)))
        verdict = verify_bundle(raw, anchors)
        assert verdict.outcome is Outcome.PROVEN
        keys = [one.key for one in verdict.findings]
        assert {"passed-signed", "consent-signed", "receipt-signed"} <= set(keys)
        others = {name: one for name, one in anchors.agencies.items() if name != A}
        lacking = verify_bundle(raw, replace(anchors, agencies=others))
        assert "passed-unknown-key" in {one.key for one in lacking.findings}
        gone = replace(
            anchors.agencies[A], given_up=dict.fromkeys(anchors.agencies[A].public.es256, hubs.clock.now())
        )
        unseen = verify_bundle(raw, replace(anchors, agencies={**others, A: gone}))
        assert {one.key for one in unseen.of(Standing.NOT_SHOWN)} == {"key-given-up-before"}
        notes = Notebook()
        check_passed(forged_inside(raw, anchors), anchors, notes)
        assert {one.key for one in notes.findings} == {"passed-false", "consent-signed"}


def forged_inside(raw: bytes, anchors: Anchors) -> dict[str, OpenedPart]:
    """Return the opened passage of a bundle, with the consent in the place of the record."""
    (part,) = check_envelopes(read_bundle(raw).bundle, anchors, Notebook()).values()
    content: dict[str, Any] = dict(part.verified.content)
    content["details"] = {**content["details"], "signed": content["details"]["consent"]}
    return {part.part.envelope_id: replace(part, verified=replace(part.verified, content=content))}
