"""Every verification names what it relied on, and that is kept as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub.audit.events import Act, AuditEvent
from hub.entries import PartnerRow, PartnerStatus, TrustKind
from hub.envelope.suites import Suite
from hub.exchange import partners, suspending
from hub.exchange.broker import Broker
from hub.exchange.mailbox import mailbox, poll
from hub.exchange.receiving import receive
from hub.exchange.reconciling.answering import answer_books
from hub.exchange.reconciling.asking import reconcile
from hub.exchange.trust_history import history
from hub.federation.card import fingerprint
from hub.federation.snapshot import read_pin, read_snapshot
from hub.ports import BooksAnswer, Mail, Outcome, Transfer
from hub.records.actor import Role
from tests.exchange.crafting import stated_books
from tests.exchange.hubs import (
    CUSTODIAN,
    START,
    Hubs,
    LinkCarrier,
    authority_pem,
    officer,
    released,
    run_lanes,
    signed_card,
)

LEAF = b"the certificate of the connection"


def did(broker: Broker, act: Act, **wanted: str) -> list[AuditEvent]:
    with broker.store.read() as view:
        found = [event for _position, event in view.events(after=0, limit=1000)]
    return [e for e in found if e.act is act and wanted.items() <= e.details.items()]


def send(pair: Hubs) -> None:
    released(pair.network.brokers["kz-knb"], "cis-atc")
    run_lanes(pair.network.brokers["kz-knb"])


def on_its_way(pair: Hubs) -> Transfer:
    """Return what a release hands to the carrier."""
    ours = pair.network.brokers["kz-knb"]
    released(ours, "cis-atc")
    (transfer,) = mailbox(ours, "cis-atc", limit=9).transfers
    return transfer


def test_what_was_admitted_and_what_acknowledged_it_name_the_trust_of_that_time(pair: Hubs) -> None:
    send(pair)
    for us, act in (("cis-atc", Act.ADMITTED), ("kz-knb", Act.RECEIPT_VERIFIED)):
        (event,) = did(pair.network.brokers[us], act)
        them = "kz-knb" if us == "cis-atc" else "cis-atc"
        with pair.network.brokers[us].store.read() as view:
            row = view.directory.partner(them)
            assert row is not None
            kept = view.trust.get(event.details["trust"])
            assert kept is not None
            assert kept.kind is TrustKind.SNAPSHOT
            snapshot = read_snapshot(kept.raw)
            items = view.trust.items(snapshot.names)
        assert snapshot.agency == them
        assert items[snapshot.card].raw == row.card
        pin = read_pin(items[snapshot.pin].raw)
        assert (pin.fingerprint, pin.suites, pin.status) == (row.fingerprint, row.suites, row.status)
        assert [items[name].kind for name in snapshot.authorities] == [TrustKind.CERTIFICATE]


def test_the_certificate_of_the_connection_is_kept_and_named(pair: Hubs) -> None:
    transfer = on_its_way(pair)
    theirs = pair.network.brokers["cis-atc"]
    receive(theirs, "kz-knb", [transfer], leaf=LEAF)
    (event,) = did(theirs, Act.ADMITTED)
    name = hashlib.sha256(LEAF).hexdigest()
    assert event.details["certificate"] == name
    with theirs.store.read() as view:
        item = view.trust.get(name)
    assert item is not None
    assert (item.kind, item.raw) == (TrustKind.CERTIFICATE, LEAF)


def test_the_certificate_with_which_a_partner_answers_a_carry_is_kept_too(pair: Hubs) -> None:
    class Answering(LinkCarrier):
        def carry(self, partner: PartnerRow, transfers: Sequence[Transfer]) -> Sequence[Outcome]:
            return [replace(one, leaf=LEAF) for one in super().carry(partner, transfers)]

    ours = pair.network.brokers["kz-knb"]
    released(ours, "cis-atc")
    run_lanes(replace(ours, carrier=Answering(us="kz-knb", network=pair.network)))
    (event,) = did(ours, Act.RECEIPT_VERIFIED)
    with ours.store.read() as view:
        item = view.trust.get(event.details["certificate"])
    assert item is not None
    assert item.raw == LEAF


class Showing(LinkCarrier):
    """A link whose far side shows a certificate when it is called."""

    def poll(self, partner: PartnerRow, *, limit: int, wait_s: float) -> Mail:
        return replace(super().poll(partner, limit=limit, wait_s=wait_s), leaf=LEAF)

    def reconcile(self, partner: PartnerRow, statement: bytes) -> BooksAnswer:
        return replace(super().reconcile(partner, statement), leaf=LEAF)


def kept_certificates(broker: Broker, act: Act) -> list[bytes | None]:
    """Return the certificates that the events of an act name, as they were kept."""
    found = []
    for event in did(broker, act):
        if "trust" in event.details:
            with broker.store.read() as view:
                item = view.trust.get(event.details.get("certificate", ""))
            found.append(None if item is None else item.raw)
    return found


def test_the_certificate_of_a_mailbox_is_kept_too(pair: Hubs) -> None:
    ours, theirs = (pair.network.brokers[agency] for agency in ("kz-knb", "cis-atc"))
    released(ours, "cis-atc")
    row = ours.standing().partner("cis-atc").row
    with ours.store.work() as work:  # nobody can call it: what is for it waits in its mailbox
        work.directory.put_partner(replace(row, url=None))
        work.stage([ours.event(Act.PARTNER_CHANGED, CUSTODIAN, "cis-atc", START)])
        work.commit()
    polling = replace(theirs, carrier=Showing(us="cis-atc", network=pair.network))
    poll(polling, theirs.standing().partner("kz-knb").row, wait_s=0)
    assert kept_certificates(theirs, Act.ADMITTED) == [LEAF]


def test_the_certificates_of_a_comparison_of_books_are_kept_at_both_sides(pair: Hubs) -> None:
    ours, theirs = (pair.network.brokers[agency] for agency in ("kz-knb", "cis-atc"))
    reconcile(replace(ours, carrier=Showing(us="kz-knb", network=pair.network)), CUSTODIAN, "cis-atc")
    asked = kept_certificates(ours, Act.RECONCILED)
    assert asked
    assert set(asked) == {LEAF}
    answer_books(theirs, "kz-knb", stated_books(ours, "cis-atc"), leaf=LEAF)
    assert kept_certificates(theirs, Act.RECONCILED)[-1] == LEAF


def test_a_refusal_of_what_was_verified_names_the_trust_too(pair: Hubs) -> None:
    transfer = on_its_way(pair)
    theirs = pair.network.brokers["cis-atc"]
    receive(theirs, "kz-knb", [Transfer(sealed=transfer.sealed, hops=transfer.hops)])
    (event,) = did(theirs, Act.REFUSED, code="statement-missing")
    assert event.details["trust"]


def test_a_comparison_of_books_names_the_trust_on_both_sides(pair: Hubs) -> None:
    reconcile(pair.network.brokers["kz-knb"], officer("omar", Role.OPERATOR), "cis-atc")
    for us in ("kz-knb", "cis-atc"):
        told = [e.details for e in did(pair.network.brokers[us], Act.RECONCILED) if "request" in e.details]
        assert told
        assert all("trust" in details for details in told)


def test_a_snapshot_is_kept_once_however_much_relies_on_it(pair: Hubs) -> None:
    for _ in range(3):
        send(pair)
    ours = pair.network.brokers["kz-knb"]
    assert len({e.details["trust"] for e in did(ours, Act.RECEIPT_VERIFIED)}) == 1
    assert not did(ours, Act.PARTNER_CHANGED, change="trust")


def test_a_partner_pinned_before_snapshots_were_kept_gets_one_with_its_first_verification(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    with ours.store.work() as work:
        row = work.directory.partner("cis-atc")
        assert row is not None
        work.directory.put_partner(replace(row, url="https://elsewhere.test"))
        work.stage([ours.event(Act.PARTNER_CHANGED, CUSTODIAN, "cis-atc", START)])
        work.commit()
    for _ in range(2):
        send(pair)
    (noted,) = did(ours, Act.PARTNER_CHANGED, change="trust")
    verified = did(ours, Act.RECEIPT_VERIFIED)
    assert {event.details["trust"] for event in verified} == {noted.details["trust"]}
    with ours.store.read() as view:
        assert view.trust.get(noted.details["trust"]) is not None


def test_history_tells_what_stood_when_and_from_which_event(pair: Hubs) -> None:
    ours = pair.network.brokers["kz-knb"]
    pair.clock.pass_(3600)
    suspending.suspend(ours, CUSTODIAN, "cis-atc")
    pair.clock.pass_(3600)
    theirs = pair.network.brokers["cis-atc"]
    card = signed_card(
        theirs,
        name="renewed",
        url="https://cis-atc.test",
        tls_ca_pem=authority_pem("cis-atc"),
        suites=(Suite.HYBRID_1, Suite.CLASSIC_1),
    )
    partners.pair(ours, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
    with ours.store.read() as view:
        first, second, third = history(view, "cis-atc")
        then = history(view, "cis-atc", at=START + timedelta(seconds=5400))
        assert history(view, "cis-atc", at=START - timedelta(days=1)) == []
    assert [one.event.details["change"] for one in (first, second, third)] == [
        "paired",
        "suspended",
        "paired-again",
    ]
    assert (first.until, second.until, third.until) == (second.since, third.since, None)
    assert first.pin is not None
    assert second.pin is not None
    assert third.pin is not None
    assert (first.pin.status, second.pin.status) == (PartnerStatus.ACTIVE, PartnerStatus.SUSPENDED)
    assert first.pin.fingerprint == second.pin.fingerprint != third.pin.fingerprint
    assert third.pin.fingerprint == fingerprint(card)
    assert then == [second]
