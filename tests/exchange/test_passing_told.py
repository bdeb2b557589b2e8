"""The originator learns who has its record through others, and who has not acknowledged what it changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.audit.events import Act
from hub.entries import PartnerRow, RecordRow
from hub.envelope.canonical import canonical, digest
from hub.envelope.documents import peek_document
from hub.envelope.encoding import b64u
from hub.envelope.passing import as_jws, as_object
from hub.envelope.receipts import RECEIPT_TYPE, Statement, issue
from hub.envelope.sealing import read_signed, sign
from hub.envelope.suites import Suite
from hub.exchange.answering import take_receipts
from hub.exchange.broker import Broker
from hub.exchange.consenting import Answered, answer_consent, ask_consent
from hub.exchange.correcting import correct, withdraw
from hub.exchange.dues.heeding import Unheeded, tell_unheeded, unheeded
from hub.exchange.mailbox import poll
from hub.exchange.passing.passing_on import pass_on
from hub.exchange.passing.reported import Onward, Proof, onward_of
from hub.exchange.routing import read_record
from hub.records.ids import new_id
from hub.records.lifecycle import ReceiptStatus
from tests.exchange.hubs import AIGUL, BOLAT, Hubs, release_it, run_lanes
from tests.exchange.passages import (
    A,
    B,
    C,
    consented,
    named,
    offered,
    passed,
    passed_on,
    run,
    sent,
    signed,
    three,
    until,
)

pytestmark = pytest.mark.slow

D = "sco-rats"
SUITE = Suite.HYBRID_1


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    made = three(tmp_path_factory.mktemp("hubs"), D)
    yield made
    made.close()


@pytest.fixture
def a(hubs: Hubs) -> Broker:
    return hubs.network.broker(A)


def onward(broker: Broker, row: RecordRow) -> Sequence[Onward]:
    with broker.store.read() as view:
        return onward_of(view, broker.standings.of(view), row)


def late(broker: Broker, row: RecordRow) -> list[Unheeded]:
    with broker.store.read() as view:
        found = unheeded(view, broker.limits, agency=broker.agency, at=broker.clock.now())
    return [one for one in found if one.via is not None and one.record_id == row.record_id]


def withdrawn(a: Broker, row: RecordRow) -> None:
    release_it(a, withdraw(a, AIGUL, row.record_id, reason="a mistake"))


def corrected(a: Broker, row: RecordRow) -> None:
    told = dict(read_record(a, BOLAT, row.record_id, justification="case 17").document)
    release_it(a, correct(a, AIGUL, row.record_id, told | {"narrative": "Corrected."}))


def reported(broker: Broker, row: RecordRow) -> list[dict[str, str]]:
    """Return what the log says of statements on who acknowledged the passages of a record."""
    ids = {one.passage_id for one in onward(broker, row)}
    with broker.store.read() as view:
        events = [event for _, event in view.events(after=0, limit=2000)]
    told = [dict(event.details) for event in events if event.act is Act.RECEIPT_VERIFIED]
    return [one for one in told if one.get("passage") in ids]


def statement(a: Broker, consent: RecordRow, who: str) -> tuple[Statement, Statement]:
    """Return what was stated to the originator about one who got the record, and what that one stated."""
    with a.store.read() as view:
        rows = view.receipts.of_record(consent.record_id)
    said = Statement.load(peek_document(next(one.raw for one in rows if one.member == who), RECEIPT_TYPE))
    assert said.passed is not None
    return said, Statement.load(peek_document(as_jws(said.passed.receipt), RECEIPT_TYPE))


def test_the_originator_sees_who_acknowledged_by_the_recipients_own_receipt(hubs: Hubs, a: Broker) -> None:
    row, _consent, passage = passed(hubs)
    (one,) = onward(a, row)
    assert (one.who, one.passer, one.passage_id) == (C, B, passage.record_id)
    assert (one.version, one.current, one.proof) == (1, True, Proof.SIGNED)
    assert [(told["passed_to"], told["proof"]) for told in reported(a, row)] == [(C, "signed")]
    assert late(a, row) == []


def test_it_sees_who_has_not_followed_until_they_have(hubs: Hubs, a: Broker) -> None:
    row, _consent, _passage = passed(hubs)
    corrected(a, row)
    assert [(one.who, one.via, one.stands) for one in late(a, row)] == [(C, B, "not-passed-on")]
    hubs.network.down.add(C)
    run(hubs)
    (one,) = late(a, row)
    assert (one.who, one.version, one.action, one.stands) == (C, 2, "correction", "passed-on")
    assert [(one.version, one.current) for one in onward(a, row)] == [(2, False)]
    hubs.clock.pass_(a.limits.heed_remind_s)
    tell_unheeded(a, hubs.clock.now())
    with a.store.read() as view:
        events = [event for _, event in view.events_about([row.record_id], limit=1000)]
    (told,) = [event.details for event in events if event.act is Act.REMINDED]
    assert (told["to"], told["via"], told["what"]) == (C, B, "correction")
    hubs.network.down.clear()
    run(hubs)
    assert late(a, row) == []
    withdrawn(a, row)
    run(hubs)
    assert late(a, row) == []
    assert [(one.version, one.current) for one in onward(a, row)] == [(None, True)]


def test_it_sees_who_has_not_given_back_what_a_consent_gave(hubs: Hubs, a: Broker) -> None:
    row, consent, _passage = passed(hubs)
    withdrawn(a, consent)
    assert [(one.who, one.action, one.stands) for one in late(a, consent)] == [
        (C, "withdrawal", "not-passed-on")
    ]
    run(hubs)
    assert late(a, consent) == []
    assert [(one.version, one.current) for one in onward(a, row)] == [(None, True)]


def test_a_chain_is_told_of_hub_by_hub(hubs: Hubs, a: Broker) -> None:
    row = sent(hubs)
    consented(hubs, row, C)
    passed_on(hubs, row, C)
    consented(hubs, row, D, by=C)
    passed_on(hubs, row, D, by=C)
    assert {(one.passer, one.who, one.proof) for one in onward(a, row)} == {
        (B, C, Proof.SIGNED),
        (C, D, Proof.SIGNED),
    }
    hubs.network.down.add(D)
    withdrawn(a, row)
    run(hubs)
    assert [(one.who, one.via) for one in late(a, row)] == [(D, C)]
    hubs.network.down.clear()
    hubs.clock.pass_(3600)
    run(hubs)
    assert late(a, row) == []


def test_a_recipient_in_another_suite_acknowledges_an_envelope_that_the_originator_never_saw(
    tmp_path: Path,
) -> None:
    hubs = Hubs(folder=tmp_path)
    a, b, c = (hubs.add(agency) for agency in (A, B, C))
    for ours, theirs in ((a, b), (b, a), (a, c), (c, a)):
        hubs.pair(ours, theirs)
    for ours, theirs in ((b, c), (c, b)):
        hubs.pair(ours, theirs, suites=[Suite.CLASSIC_1])
    hubs.agree()
    row = sent(hubs)
    consented(hubs, row)
    passed_on(hubs, row)
    (one,) = onward(a, row)
    assert (one.who, one.current, one.proof) == (C, True, Proof.STATED)
    withdrawn(a, row)
    assert [one.who for one in late(a, row)] == [C]
    run(hubs)
    assert late(a, row) == []
    hubs.close()


def test_an_originator_behind_a_relay_is_told_too(tmp_path: Path) -> None:
    hubs = Hubs(folder=tmp_path)
    a, b, c, relay = (hubs.add(agency) for agency in (A, B, C, D))
    for ours, theirs in ((a, relay), (b, relay), (a, c), (c, a), (b, c), (c, b)):
        hubs.pair(ours, theirs)
    for ours, theirs in ((a, b), (b, a)):
        hubs.pair(ours, theirs, via=D)
    hubs.pair(relay, a, relay_for=[B])
    hubs.pair(relay, b, relay_for=[A])
    hubs.agree()
    row = sent(hubs)
    consented(hubs, row)
    passed_on(hubs, row)
    run(hubs)
    assert [(one.who, one.current, one.proof) for one in onward(a, row)] == [(C, True, Proof.STATED)]
    withdrawn(a, row)
    run(hubs)
    run(hubs)
    assert late(a, row) == []
    hubs.close()


def test_an_originator_that_fetches_its_mail_is_told_too(tmp_path: Path) -> None:
    hubs = Hubs(folder=tmp_path)
    a, b, c = (hubs.add(agency) for agency in (A, B, C))
    for ours, theirs in ((a, b), (a, c), (b, c), (c, b)):
        hubs.pair(ours, theirs)
    for ours in (b, c):
        hubs.pair(ours, a, pulls=True)
    hubs.agree()

    def fetch() -> None:
        for _ in range(4):
            run(hubs)
            poll(a, partner_of(a, B), wait_s=0.0)

    row = sent(hubs)
    request = ask_consent(b, AIGUL, row.record_id, pass_to=[C], aim="They look for him.")
    release_it(b, request)
    fetch()
    answer = answer_consent(a, AIGUL, request.record_id, Answered(until=until(hubs)))
    release_it(a, answer)
    run(hubs)
    passage = pass_on(b, AIGUL, row.record_id, to=[C])
    release_it(b, passage)
    fetch()
    assert [(one.who, one.current, one.proof) for one in onward(a, row)] == [(C, True, Proof.SIGNED)]
    hubs.close()


def partner_of(broker: Broker, agency: str) -> PartnerRow:
    with broker.store.read() as view:
        row = view.directory.partner(agency)
    assert row is not None
    return row


def test_of_a_recipient_that_is_no_partner_the_word_of_the_hub_between_is_all(hubs: Hubs, a: Broker) -> None:
    row, _consent, _passage = passed(hubs)
    with a.store.read() as view:
        stranger = replace(a.standings.of(view), partners={})
        assert [one.proof for one in onward_of(view, stranger, row)] == [Proof.REPORTED]


WRONG: dict[str, dict[str, Any]] = {
    "another's": {"to": D},
    "a refusal": {"status": ReceiptStatus.REFUSED, "reason": "policy-denied"},
    "about another record": {"record_id": new_id()},
    "about other bytes": {"envelope_digest": "0" * 64},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_statement_with_a_receipt_that_shows_something_else_is_refused(
    hubs: Hubs, a: Broker, wrong: str
) -> None:
    _row, consent, _passage = passed(hubs)
    said, theirs = statement(a, consent, C)
    receipt = issue(replace(theirs, **WRONG[wrong]), hubs.network.broker(C).keyring.signing(), SUITE)
    assert told(hubs, said, as_object(receipt)) == "receipt-invalid"


def test_a_receipt_in_it_that_its_signer_did_not_sign_is_refused(hubs: Hubs, a: Broker) -> None:
    _row, consent, _passage = passed(hubs)
    said, _theirs = statement(a, consent, C)
    assert said.passed is not None
    receipt: Any = dict(said.passed.receipt)
    first, *rest = receipt["signatures"]
    forged = {**first, "signature": f"{'B' if first['signature'][0] == 'A' else 'A'}{first['signature'][1:]}"}
    assert told(hubs, said, receipt | {"signatures": [forged, *rest]}) == "signature-invalid"


def test_a_receipt_by_a_key_that_is_not_known_shows_nothing(hubs: Hubs, a: Broker) -> None:
    row, consent, _passage = passed(hubs)
    said, theirs = statement(a, consent, C)
    receipt = issue(theirs, hubs.network.broker(D).keyring.signing(), SUITE)
    assert told(hubs, said, as_object(receipt)) is None
    assert [one["proof"] for one in reported(a, row)] == ["signed", "reported"]


def told(hubs: Hubs, said: Statement, receipt: dict[str, Any]) -> str | None:
    """Let the second hub state the same with another receipt; return what the originator says of it."""
    assert said.passed is not None
    stated = replace(said, receipt_id=new_id(), passed=replace(said.passed, receipt=receipt))
    raw = issue(stated, hubs.network.broker(B).keyring.signing(), SUITE)
    (code,) = take_receipts(hubs.network.broker(A), B, [raw])
    return code


def test_what_a_key_of_ours_signed_and_we_never_sent_is_found_out(hubs: Hubs, a: Broker) -> None:
    row = sent(hubs)
    consent = consented(hubs, row)
    b = hubs.network.broker(B)
    details = {"record": named(row), "signed": signed(b, row), "consent": signed(b, consent)}
    manifest, content = read_signed(as_jws(details["signed"]))
    forged = {**content, "narrative": "What they never said."}
    digest_ = b64u(digest(canonical(forged)))
    approvals = tuple(replace(one, digest=digest_) for one in manifest.approvals)
    thief = sign(replace(manifest, approvals=approvals), forged, a.keyring.signing())
    assert offered(hubs, {**details, "signed": as_object(thief.raw)}, to=A) == "passage-invalid"
    assert offered(hubs, {**details, "record": named(row) | {"version": 2}}, to=A) == "passage-invalid"
    assert offered(hubs, details, to=A) is None


def test_nobody_states_it_of_a_consent_that_was_given_to_another_hub(hubs: Hubs, a: Broker) -> None:
    _row, consent, _passage = passed(hubs)
    said, _theirs = statement(a, consent, C)
    d = hubs.network.broker(D)
    forged = replace(said, receipt_id=new_id(), by=D)
    assert take_receipts(a, D, [issue(forged, d.keyring.signing(), SUITE)]) == ["receipt-invalid"]


def test_a_repeated_receipt_is_told_on_once(hubs: Hubs, a: Broker) -> None:
    row, _consent, passage = passed(hubs)
    b = hubs.network.broker(B)
    with b.store.read() as view:
        (theirs,) = [one for one in view.receipts.of_record(passage.record_id) if one.by == C]
    assert take_receipts(b, C, [theirs.raw]) == [None]
    run_lanes(b)
    hubs.clock.pass_(timedelta(hours=1).total_seconds())
    assert len(reported(a, row)) == 1
