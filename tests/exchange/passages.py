"""Three hubs, a record of the first that the second may pass on to the third, and forged passages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hub.entries import RecordRow
from hub.envelope.documents import peek_document
from hub.envelope.passing import as_object
from hub.envelope.receipts import RECEIPT_TYPE
from hub.exchange.broker import Broker
from hub.exchange.consenting import Answered, answer_consent, ask_consent
from hub.exchange.contents import read_signed
from hub.exchange.passing.following import follow_passages
from hub.exchange.passing.passing_on import pass_on
from hub.exchange.receiving import receive
from hub.records.label import Classification, Label, Tlp
from tests.exchange.crafting import craft, stated
from tests.exchange.hubs import AIGUL, Hubs, add_member, release_it, released, run_lanes

A, B, C = "cis-atc", "kz-knb", "de-bka"
ORCON = Label(classification=Classification.RESTRICTED, tlp=Tlp.AMBER, originator_control=True).as_document()
#: For how long the consents of these tests are given.
DAYS = 30


def three(folder: Path, *more: str) -> Hubs:
    hubs = Hubs(folder=folder)
    for agency in (A, B, C, *more):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree(extra=("de-lka",))
    add_member(hubs.network.broker(C), "de-lka")
    return hubs


def run(hubs: Hubs) -> None:
    """Let all hubs do what their dispatchers would, until nothing is left."""
    while sum(_turn(broker) for broker in hubs.network.brokers.values()):
        pass


def _turn(broker: Broker) -> int:
    return follow_passages(broker) + run_lanes(broker)


def sent(hubs: Hubs, **changes: Any) -> RecordRow:
    row = released(hubs.network.broker(A), B, **{"label": ORCON, **changes})
    run(hubs)
    return row


def until(hubs: Hubs) -> date:
    return hubs.clock.now().date() + timedelta(days=DAYS)


def asked(hubs: Hubs, row: RecordRow, *to: str, by: str = B, **more: Any) -> RecordRow:
    broker = hubs.network.broker(by)
    told = {"aim": "They look for him.", "reply_by": until(hubs), **more}
    request = ask_consent(broker, AIGUL, row.record_id, pass_to=to or (C,), **told)
    release_it(broker, request)
    run(hubs)
    return request


def consented(hubs: Hubs, row: RecordRow, *to: str, by: str = B, **more: Any) -> RecordRow:
    request = asked(hubs, row, *to, by=by, **more)
    originator = hubs.network.broker(row.originator)
    said = Answered(until=until(hubs), conditions="No copies.")
    answer = answer_consent(originator, AIGUL, request.record_id, said)
    release_it(originator, answer)
    run(hubs)
    return answer


def passed_on(hubs: Hubs, row: RecordRow, *to: str, by: str = B, **more: Any) -> RecordRow:
    passage = pass_on(hubs.network.broker(by), AIGUL, row.record_id, to=to or (C,), **more)
    release_it(hubs.network.broker(by), passage)
    run(hubs)
    return passage


def passed(hubs: Hubs) -> tuple[RecordRow, RecordRow, RecordRow]:
    """Return a record of A that B passed on to C, the consent and the passage."""
    row = sent(hubs)
    consent = consented(hubs, row)
    return row, consent, passed_on(hubs, row)


def newest(broker: Broker, row: RecordRow) -> RecordRow | None:
    with broker.store.read() as view:
        return view.records.get(row.record_id, originator=row.originator)


def signed(broker: Broker, row: RecordRow, version: int | None = None) -> dict[str, Any]:
    """Return a record that came as its originator signed it."""
    with broker.store.read() as view:
        found = view.records.get(row.record_id, version, originator=row.originator)
        assert found is not None
        return as_object(read_signed(broker, view, found))


def named(row: RecordRow) -> dict[str, Any]:
    return {"originator": row.originator, "id": row.record_id, "version": row.version}


def offered(hubs: Hubs, details: Mapping[str, Any], *, by: str = B, to: str = C, **more: Any) -> str | None:
    """Hand a passage over that no hub of ours would write; return the code of its refusal, or None."""
    told = {"kind": "passage", "narrative": "", "subjects": [], "details": details, **more}
    sender, other = hubs.network.broker(by), hubs.network.broker(to)
    (outcome,) = receive(other, by, stated(sender, craft(sender, to, told=told), to=to))
    if outcome.receipt is None:
        return outcome.code
    reason = peek_document(outcome.receipt, RECEIPT_TYPE).get("reason")
    return None if reason is None else str(reason)
