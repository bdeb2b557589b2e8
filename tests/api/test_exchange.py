"""What hubs say to hubs over the wire format, refused with its own code where it must be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hub.api import BooksCollector
from hub.entries import Gap, ReconciliationRow
from hub.envelope.messages import About, peek_message
from hub.envelope.reconciliation import Extent, verify_books
from hub.envelope.suites import Suite
from hub.exchange import suspending
from hub.exchange.mailbox import mailbox
from hub.exchange.messages.sending import sealed_to
from hub.exchange.receiving import receive
from hub.exchange.reconciling.asking import concluded
from hub.exchange.reconciling.warning import books_warnings
from hub.federation.card import read_card, said
from hub.records.ids import new_id
from tests.api.world import Said, World, document, partner_certificate
from tests.exchange.crafting import stated, stated_books
from tests.exchange.hubs import CUSTODIAN, authority_pem, released, signed_card

ENVELOPES = "/exchange/v1/envelopes"


def sealed_for_us(world: World, count: int = 1) -> list[str]:
    """Let cis-atc release records to us; return the sealed bytes that wait there."""
    for _ in range(count):
        released(world.other, "kz-knb", **document())
    return [one.sealed.decode() for one in mailbox(world.other, "kz-knb", limit=50).transfers]


def handed_over(world: World, sealed: list[str]) -> dict[str, Any]:
    """Return the body in which cis-atc hands envelopes over: one statement numbers them."""
    raws = [one.encode() for one in sealed]
    statement = stated(world.other, *raws, to="kz-knb")[0].statement or b""
    transfers = [{"sealed": one, "hops": [], "statement": 0} for one in sealed]
    return {"transfers": transfers, "statements": [statement.decode()]}


def hand_over(world: World, sealed: list[str], *, certificate: bytes | None = None, **more: Any) -> Said:
    body = handed_over(world, sealed) | more
    return world.call("POST", ENVELOPES, body, certificate=certificate or partner_certificate("cis-atc"))


def stored(world: World) -> int:
    with world.broker.store.read() as view:
        return len(view.records.page(after=0, limit=100))


def test_envelopes_get_a_receipt_each_in_order(world: World) -> None:
    outcomes = hand_over(world, sealed_for_us(world, 2)).ok()["outcomes"]
    assert [sorted(one) for one in outcomes] == [["envelope_id", "receipt", "relayed"]] * 2
    assert stored(world) == 2


def test_a_repeat_gets_the_receipt_it_got_first(world: World) -> None:
    sealed = sealed_for_us(world)
    assert hand_over(world, sealed).ok() == hand_over(world, sealed).ok()
    assert stored(world) == 1


def test_one_bad_envelope_does_not_spoil_the_batch(world: World) -> None:
    good = sealed_for_us(world)
    outcomes = hand_over(world, ["{}", *good]).ok()["outcomes"]
    assert outcomes[0]["code"] == "envelope-malformed"
    assert outcomes[0]["sentence"]
    assert "receipt" in outcomes[1]
    assert "code" not in outcomes[1]


def refused_at_the_door(world: World, certificate: bytes | None, status: int, code: str) -> None:
    body = {"transfers": [{"sealed": one} for one in sealed_for_us(world)]}
    said = world.call("POST", ENVELOPES, body, certificate=certificate)
    assert (said.status, said.code) == (status, code)
    assert stored(world) == 0


def test_without_a_certificate_nothing_is_taken(world: World) -> None:
    refused_at_the_door(world, None, 401, "certificate-missing")


def test_an_unknown_certificate_is_refused(world: World) -> None:
    refused_at_the_door(world, partner_certificate("de-bka"), 403, "certificate-unknown")


def test_a_certificate_in_a_partners_name_from_another_authority_is_refused(world: World) -> None:
    forged = partner_certificate("de-bka", names="cis-atc")
    refused_at_the_door(world, forged, 403, "certificate-unknown")


def test_a_members_certificate_is_not_a_partners(world: World) -> None:
    refused_at_the_door(world, world.member("kz-mvd"), 403, "certificate-unknown")


def test_an_expired_certificate_is_refused(world: World) -> None:
    certificate = partner_certificate("cis-atc")
    world.later(366 * 86400)
    said = world.call("POST", ENVELOPES, {"transfers": []}, certificate=certificate)
    assert (said.status, said.code) == (403, "certificate-expired")


def test_a_suspended_partner_is_refused_within_seconds(world: World) -> None:
    certificate = partner_certificate("cis-atc")
    hand_over(world, sealed_for_us(world), certificate=certificate).ok()
    suspending.suspend(world.broker, CUSTODIAN, "cis-atc")
    world.later()
    for method, path in (
        ("POST", ENVELOPES),
        ("POST", "/exchange/v1/receipts"),
        ("GET", "/exchange/v1/mailbox"),
        ("GET", "/exchange/v1/attachments/" + "a" * 64),
    ):
        said = world.call(method, path, certificate=certificate)
        assert (said.status, said.code) == (403, "partner-suspended")


def test_a_token_does_not_open_the_hubs_door(world: World, drafter: str) -> None:
    said = world.call("POST", ENVELOPES, {"transfers": []}, token=drafter)
    assert (said.status, said.code) == (401, "certificate-missing")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"transfers": []},
        {"transfers": [{"hops": []}]},
        {"transfers": [{"sealed": ""}]},
        {"transfers": [{"sealed": 7}]},
        {"transfers": [{"sealed": "x", "hops": ["NOT AN AGENCY"]}]},
        {"transfers": [{"sealed": "x", "colour": "red"}]},
        {"transfers": "x"},
        [],
    ],
)
def test_another_form_is_refused(world: World, body: object) -> None:
    said = world.call("POST", ENVELOPES, body, certificate=partner_certificate("cis-atc"))
    assert (said.status, said.code) == (422, "request-invalid")


def test_too_many_envelopes_in_one_request_are_refused(world: World) -> None:
    few = world.limited(batch_max_envelopes=1)
    said = hand_over(few, sealed_for_us(world, 2))
    assert (said.status, said.code) == (422, "request-invalid")
    assert stored(world) == 0


def test_too_many_bytes_are_refused_before_they_are_parsed(world: World) -> None:
    small = world.limited(batch_max_bytes=1000)
    body = {"transfers": [{"sealed": "x" * 2000}]}
    said = small.call("POST", ENVELOPES, body, certificate=partner_certificate("cis-atc"))
    assert (said.status, said.code) == (413, "request-too-large")


def test_a_receipt_settles_its_entry(world: World) -> None:
    row = released(world.broker, "cis-atc", **document())
    mail = mailbox(world.broker, "cis-atc", limit=10)
    [outcome] = receive(world.other, "kz-knb", mail.transfers)
    assert outcome.receipt is not None
    body = {"receipts": [outcome.receipt.decode(), "{}"]}
    said = world.call("POST", "/exchange/v1/receipts", body, certificate=partner_certificate("cis-atc"))
    taken, wrong = said.ok()["outcomes"]
    assert taken == {}
    assert wrong == {"code": "document-invalid"}
    with world.broker.store.read() as view:
        assert [e.state.value for e in view.outbox.of_record(row.record_id)] == ["accepted"]


def test_a_mailbox_holds_what_waits_until_it_is_confirmed(world: World) -> None:
    released(world.broker, "cis-atc", **document())
    certificate = partner_certificate("cis-atc")
    first = world.call("GET", "/exchange/v1/mailbox?limit=10", certificate=certificate).ok()
    world.hubs.clock.pass_(1)
    again = world.call("GET", "/exchange/v1/mailbox?limit=10", certificate=certificate).ok()
    assert len(first["transfers"]) == 1
    assert first["transfers"][0]["hops"] == ["kz-knb"]
    assert [one["sealed"] for one in again["transfers"]] == [one["sealed"] for one in first["transfers"]]


def test_who_waits_at_a_mailbox_holds_no_more_threads_than_there_are_to_spare(world: World) -> None:
    certificate = partner_certificate("cis-atc")
    assert world.desk.polls.acquire(blocking=False)
    said = world.call("GET", "/exchange/v1/mailbox?wait_s=20", certificate=certificate)
    assert said.ok() == {"transfers": [], "statements": [], "receipts": [], "messages": []}


def test_a_hub_that_stops_keeps_nobody_waiting(world: World) -> None:
    certificate = partner_certificate("cis-atc")
    said = world.call("GET", "/exchange/v1/mailbox?wait_s=20", certificate=certificate)
    assert said.ok() == {"transfers": [], "statements": [], "receipts": [], "messages": []}
    assert world.paused == [world.broker.limits.poll_interval_s]
    assert world.desk.polls.acquire(blocking=False)


@pytest.mark.parametrize("query", ["limit=0", "wait_s=-1", "wait_s=x", "wait_s=61", "until=now"])
def test_a_strange_wish_at_the_mailbox_is_refused(world: World, query: str) -> None:
    said = world.call("GET", f"/exchange/v1/mailbox?{query}", certificate=partner_certificate("cis-atc"))
    assert (said.status, said.code) == (422, "request-invalid")


def test_books_are_compared_by_signed_statements(world: World) -> None:
    hand_over(world, sealed_for_us(world, 2)).ok()
    run = new_id()
    extent = Extent(first=1, last=2, received=0)
    raw = stated_books(world.other, "kz-knb", run=run, extent=extent).decode()
    certificate = partner_certificate("cis-atc")
    where = "/exchange/v1/reconciliation"
    told = world.call("POST", where, {"statement": raw}, certificate=certificate).ok()
    answer = verify_books(
        told["statement"].encode(),
        by=world.broker.keyring.public(),
        to="cis-atc",
        allowed=frozenset(Suite),
    )
    assert answer.run == run
    assert answer.extent.received > 0
    said = world.call("POST", where, {"statement": "{}"}, certificate=certificate)
    assert (said.status, said.code) == (400, "document-invalid")
    said = world.call("POST", where, {"statement": "x" * 300_000}, certificate=certificate)
    assert (said.status, said.code) == (400, "document-invalid")


def test_a_message_is_answered_and_its_answer_waits_in_the_mailbox(world: World) -> None:
    raw = stated_books(world.other, "kz-knb")
    asked = sealed_to(world.other, world.other.standing().partner("kz-knb"), About.BOOKS, raw)
    certificate = partner_certificate("cis-atc")
    where, mailbox = "/exchange/v1/messages", "/exchange/v1/mailbox"
    told = {"messages": [{"sealed": asked.raw.decode(), "hops": ["cis-atc"]}]}
    assert world.call("POST", where, told, certificate=certificate).ok() == {"outcomes": [{}]}
    (answer,) = world.call("GET", mailbox, certificate=certificate).ok()["messages"]
    header = peek_message(answer["sealed"].encode()).header
    assert (header.answers, answer["hops"]) == (asked.message_id, ["kz-knb"])
    taken = {"messages": [], "taken": [header.message_id]}
    world.call("POST", where, taken, certificate=certificate).ok()
    assert world.call("GET", mailbox, certificate=certificate).ok()["messages"] == []
    rubbish = {"messages": [{"sealed": "{}"}]}
    said = world.call("POST", where, rubbish, certificate=certificate).ok()
    assert said == {"outcomes": [{"code": "envelope-malformed"}]}


def test_two_hubs_tell_one_another_of_their_cards(world: World) -> None:
    world.other.clock.pass_(60)
    there = world.other
    theirs = signed_card(there, name="CIS", url="https://cis.test:8443", tls_ca_pem=authority_pem("cis-atc"))
    told = {"card": theirs.decode(), "knows": [], "said": "0" * 64}
    certificate = partner_certificate("cis-atc")
    where = "/exchange/v1/introduction"
    answer = world.call("POST", where, told, certificate=certificate).ok()
    assert "code" not in answer
    assert read_card(answer["card"].encode()).agency == "kz-knb"
    assert answer["said"] == said(theirs)
    assert set(answer["knows"]) == {*there.keyring.public().es256, *there.keyring.public().mldsa65}
    answer = world.call("POST", where, told | {"card": "no card"}, certificate=certificate).ok()
    assert answer["code"] == "card-invalid"


def test_books_that_differ_are_a_warning_and_no_failure(world: World) -> None:
    assert world.call("GET", "/readyz").ok()["warnings"] == []
    row = ReconciliationRow(
        reconciliation_id=new_id(),
        partner="cis-atc",
        by="kz-knb",
        at=world.broker.clock.now(),
        compared=1,
        differences=1,
    )
    with world.broker.store.work() as work:
        work.books.add_reconciliation(row)
        work.stage([concluded(world.broker, CUSTODIAN, row, run=row.reconciliation_id)])
        work.commit()
    assert books_warnings(world.broker) == ("books-differ",)
    registry = CollectorRegistry()
    registry.register(BooksCollector(world.broker))
    text = generate_latest(registry).decode()
    assert 'hub_books_differences{partner="cis-atc"} 1.0' in text
    assert 'hub_books_compared_age_seconds{partner="cis-atc"}' in text


def test_what_flows_by_rule_is_a_warning_before_it_ends(world: World) -> None:
    assert world.call("GET", "/readyz").ok()["warnings"] == []
    world.later(340 * 86400)
    later = replace(world, broker=world.broker)
    assert later.call("GET", "/readyz").ok()["warnings"] == ["rules-ending"]


def test_a_number_that_has_not_come_is_a_warning_once_it_is_logged(world: World) -> None:
    gap = Gap(originator="cis-atc", first=3, last=5, since=world.broker.clock.now())
    with world.broker.store.work() as work:
        work.books.replace_gaps([], [gap])
        work.commit()
    assert books_warnings(world.broker) == ()
    with world.broker.store.work() as work:
        work.books.replace_gaps([gap], [replace(gap, told=True)])
        work.commit()
    assert books_warnings(world.broker) == ("numbers-missing",)
    registry = CollectorRegistry()
    registry.register(BooksCollector(world.broker))
    assert 'hub_number_gaps{partner="cis-atc"} 1.0' in generate_latest(registry).decode()
