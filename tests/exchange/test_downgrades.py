"""No downgrade: what comes in a suite that is not pinned is refused wherever it is verified, and logged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hub
from adapters.carriers.courier import FolderMedium
from hub.audit.events import Act
from hub.entries import PartnerRow
from hub.envelope.bundles import Bundle, sign_bundle
from hub.envelope.canonical import digest
from hub.envelope.receipts import Statement, issue
from hub.envelope.suites import Suite
from hub.errors import HubError
from hub.evidence.verifying import verify_bundle
from hub.exchange.answering import take_receipts
from hub.exchange.broker import Broker
from hub.exchange.courier.importing import bring_in
from hub.exchange.courier.places import bundles_of
from hub.exchange.mailbox import mailbox
from hub.exchange.partners import pair
from hub.exchange.receiving import receive
from hub.exchange.reconciling.answering import answer_books
from hub.exchange.weighing import check_receipt
from hub.federation.card import fingerprint
from hub.federation.introduction import Told, is_signed, tell
from hub.federation.succession import follow
from hub.ports import Transfer
from hub.records.ids import new_id
from hub.records.lifecycle import ReceiptStatus
from tests.evidence.world import small
from tests.exchange import passages
from tests.exchange.crafting import stated_books
from tests.exchange.hubs import CUSTODIAN, Hubs, authority_pem, own_card_of, released, signed_card

HYBRID, CLASSIC = (Suite.HYBRID_1,), (Suite.CLASSIC_1,)


def pinned(hubs: Hubs, ours: tuple[Suite, ...], theirs: tuple[Suite, ...]) -> tuple[Broker, Broker]:
    """kz-knb pins cis-atc to some suites, and cis-atc kz-knb to others: one of the two speaks too weakly."""
    a, b = hubs.add("kz-knb"), hubs.add("cis-atc")
    hubs.pair(a, b, suites=ours)
    hubs.pair(b, a, suites=theirs)
    hubs.agree()
    return a, b


def refusals(broker: Broker) -> list[str]:
    with broker.store.read() as view:
        found = view.events(after=0, limit=1000)
    return [event.details.get("code", "") for _position, event in found if event.act is Act.REFUSED]


def code(call: Callable[[], object]) -> str:
    with pytest.raises(HubError) as caught:
        call()
    return caught.value.code


def card_with(broker: Broker, *suites: Suite) -> bytes:
    return signed_card(
        broker,
        name=broker.agency,
        url=f"https://{broker.agency}.test:8443",
        tls_ca_pem=authority_pem(broker.agency),
        suites=suites,
    )


def row_of(broker: Broker, agency: str) -> PartnerRow:
    with broker.store.read() as view:
        row = view.directory.partner(agency)
    assert row is not None
    return row


def weaker_transfer(hubs: Hubs) -> tuple[Broker, Broker, Transfer]:
    """An envelope and its statement in classic-1, for a hub that pinned hybrid-1 alone."""
    ours, theirs = pinned(hubs, CLASSIC, HYBRID)
    released(ours, "cis-atc")
    (transfer,) = mailbox(ours, "cis-atc", limit=9).transfers
    return ours, theirs, transfer


def test_an_envelope_or_its_statement(hubs: Hubs) -> None:
    _ours, theirs, transfer = weaker_transfer(hubs)
    (outcome,) = receive(theirs, "kz-knb", [transfer])
    # The statement is looked at first; it is made anew with each try, so that its refusal is no final one.
    assert outcome.code == "statement-invalid"
    assert refusals(theirs) == ["statement-invalid"]


def test_an_envelope_whose_statement_is_strong(hubs: Hubs) -> None:
    ours, theirs, weak = weaker_transfer(hubs)
    hubs.clock.pass_(1)
    card = own_card_of(theirs)
    pair(ours, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card), suites=(*HYBRID, *CLASSIC))
    hubs.clock.pass_(3600)
    (restated,) = mailbox(ours, "cis-atc", limit=9).transfers
    assert restated.sealed == weak.sealed
    assert restated.statement != weak.statement
    (outcome,) = receive(theirs, "kz-knb", [restated])
    assert outcome.code == "suite-not-allowed"


def receipt(by: Broker, sealed: bytes, suite: Suite, envelope_id: str) -> bytes:
    statement = Statement(
        receipt_id=new_id(),
        envelope_id=envelope_id,
        envelope_digest=digest(sealed).hex(),
        by=by.agency,
        to="kz-knb",
        status=ReceiptStatus.ACCEPTED,
        at=by.clock.now(),
    )
    return issue(statement, by.keyring.signing(), suite)


def test_a_receipt(hubs: Hubs) -> None:
    ours, theirs = pinned(hubs, HYBRID, HYBRID)
    released(ours, "cis-atc")
    with ours.store.read() as view:
        (entry,) = view.outbox.page(after=0, limit=9)
    (transfer,) = mailbox(ours, "cis-atc", limit=9).transfers
    raw = receipt(theirs, transfer.sealed, Suite.CLASSIC_1, entry.envelope_id)
    assert take_receipts(ours, "cis-atc", [raw]) == ["suite-not-allowed"]
    assert refusals(ours) == ["suite-not-allowed"]
    strong = receipt(theirs, transfer.sealed, Suite.HYBRID_1, entry.envelope_id)
    assert take_receipts(ours, "cis-atc", [strong]) == [None]


def test_a_receipt_between_two_others_in_a_suite_that_its_signer_never_offered(chain: Hubs) -> None:
    relay, last = chain.network.brokers["cis-atc"], chain.network.brokers["sco-rats"]
    hybrid_only = card_with(last, Suite.HYBRID_1)
    chain.clock.pass_(1)
    later = card_with(last, Suite.HYBRID_1)
    assert hybrid_only != later
    pair(relay, CUSTODIAN, later, confirmed_fingerprint=fingerprint(later), accept_fewer_suites=True)
    ours = chain.network.brokers["kz-knb"]
    released(ours, "sco-rats")
    (transfer,) = mailbox(ours, "cis-atc", limit=9).transfers
    receive(relay, "kz-knb", [transfer])
    with relay.store.read() as view:
        (entry,) = view.outbox.page(after=0, limit=9)
        standing = relay.standings.of(view)
    sealed_digest = digest(transfer.sealed)

    def checked(suite: Suite) -> object:
        raw = receipt(last, transfer.sealed, suite, entry.envelope_id)
        return check_receipt(standing, raw, entry=entry, sealed_digest=sealed_digest, us="cis-atc")

    assert code(lambda: checked(Suite.CLASSIC_1)) == "suite-not-allowed"
    assert checked(Suite.HYBRID_1)


def test_a_statement_of_books(hubs: Hubs) -> None:
    ours, theirs = pinned(hubs, HYBRID, HYBRID)
    weak = stated_books(ours, "cis-atc", suite=Suite.CLASSIC_1)
    assert code(lambda: answer_books(theirs, "kz-knb", weak)) == "suite-not-allowed"
    assert answer_books(theirs, "kz-knb", stated_books(ours, "cis-atc"))


def test_a_bundle_on_a_medium(hubs: Hubs, tmp_path: Path) -> None:
    ours, theirs = pinned(hubs, HYBRID, HYBRID)
    bundle = Bundle(by="kz-knb", to="cis-atc", issued_at=hubs.clock.now())
    medium, kept = FolderMedium(tmp_path / "medium"), FolderMedium(tmp_path / "kept")
    for suite in Suite:
        raw = sign_bundle(bundle, keys=ours.keyring.signing(), suite=suite)
        medium.write(f"{bundles_of('kz-knb', 'cis-atc')}/{suite.value}", raw)
    (came,) = bring_in(theirs, "kz-knb", medium, kept)
    assert (came.name, came.code) == ("classic-1", "suite-not-allowed")


def test_an_introduction_by_way_of_a_relay(hubs: Hubs) -> None:
    ours, theirs = pinned(hubs, HYBRID, HYBRID)
    told = Told(
        by="kz-knb",
        to="cis-atc",
        issued_at=hubs.clock.now(),
        card=own_card_of(ours),
        knows=(),
        said=digest(own_card_of(theirs)).hex(),
    )
    weak, strong = (tell(told, keys=ours.keyring.signing(), suite=suite) for suite in (*CLASSIC, *HYBRID))
    card = theirs.standing().partner("kz-knb").card
    assert (is_signed(weak, card), is_signed(strong, card)) == (False, True)


def test_a_stripped_card_at_pairing_anew(hubs: Hubs) -> None:
    ours, theirs = pinned(hubs, (*HYBRID, *CLASSIC), HYBRID)
    before = row_of(ours, "cis-atc")
    hubs.clock.pass_(1)
    stripped = card_with(theirs, Suite.CLASSIC_1)
    told: dict[str, Any] = {"confirmed_fingerprint": fingerprint(stripped)}
    assert code(lambda: pair(ours, CUSTODIAN, stripped, **told)) == "suites-fewer"
    assert row_of(ours, "cis-atc") == before
    assert refusals(ours) == ["suites-fewer"]
    row = pair(ours, CUSTODIAN, stripped, **told, accept_fewer_suites=True)
    assert row.suites == ("classic-1",)
    with ours.store.read() as view:
        last = [e for _p, e in view.events(after=0, limit=99) if e.act is Act.PARTNER_CHANGED][-1]
    assert (last.details["change"], last.details["suites_lost"]) == ("paired-again", "hybrid-1")


def test_a_pin_that_is_narrowed_by_hand(hubs: Hubs) -> None:
    ours, theirs = pinned(hubs, (*HYBRID, *CLASSIC), HYBRID)
    hubs.clock.pass_(1)
    card = own_card_of(theirs)
    told: dict[str, Any] = {"confirmed_fingerprint": fingerprint(card), "suites": CLASSIC}
    assert code(lambda: pair(ours, CUSTODIAN, card, **told)) == "suites-fewer"
    assert pair(ours, CUSTODIAN, card, **told, accept_fewer_suites=True).suites == ("classic-1",)


def test_a_pin_that_becomes_stronger_needs_no_word(hubs: Hubs) -> None:
    ours, theirs = pinned(hubs, CLASSIC, HYBRID)
    hubs.clock.pass_(1)
    card = own_card_of(theirs)
    row = pair(ours, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card), suites=HYBRID)
    assert row.suites == ("hybrid-1",)


def test_a_stripped_card_in_succession(hubs: Hubs) -> None:
    ours, theirs = pinned(hubs, (*HYBRID, *CLASSIC), HYBRID)
    card = ours.standing().partner("cis-atc").card
    hubs.clock.pass_(1)
    stripped = card_with(theirs, Suite.CLASSIC_1)
    suites = row_of(ours, "cis-atc").suites
    at = hubs.clock.now()
    assert code(lambda: follow(card, stripped, suites=suites, at=at)) == "succession-refused"


def test_what_is_passed_on(hubs: Hubs) -> None:
    """Who passes on took the record in a suite that the recipient does not take from its originator."""
    first, second, third = (hubs.add(agency) for agency in (passages.A, passages.B, passages.C))
    for ours, theirs in ((first, second), (second, first)):
        hubs.pair(ours, theirs, suites=CLASSIC)
    for ours, theirs in ((first, third), (third, first), (second, third), (third, second)):
        hubs.pair(ours, theirs, suites=HYBRID)
    hubs.agree()
    row = passages.sent(hubs)
    passages.consented(hubs, row)
    passages.passed_on(hubs, row)
    assert passages.newest(third, row) is None
    assert refusals(third) == ["suite-not-allowed"]


def test_a_bundle_of_evidence(hubs: Hubs) -> None:
    from hub.evidence.bundle import read_bundle, write_bundle
    from tests.evidence.world import Outcome

    world = small(hubs)
    raw = world.export()
    weak = write_bundle(read_bundle(raw).bundle, world.ours.keyring.signing(), Suite.CLASSIC_1)
    verdict = verify_bundle(weak, world.anchors(witnesses=("sco-rats",)))
    assert verdict.outcome is Outcome.DISPROVEN
    assert {finding.code for finding in verdict.findings} >= {"suite-not-allowed"}


#: Every place that says which suites it takes, and what shows here, or beside it, that it takes no others.
PLACES = {
    "hub/evidence/numbered.py": "the anchors' suites of the originator, as in sealed.py",
    "hub/evidence/passed.py": "the anchors' suites of the originator, as in sealed.py (test_passing)",
    "hub/evidence/sealed.py": "the anchors' suites, and then those of the pin of that day (test_trust_as_of)",
    "hub/evidence/verifying.py": "test_a_bundle_of_evidence",
    "hub/exchange/admitting.py": "test_an_envelope_whose_statement_is_strong",
    "hub/exchange/broker.py": "where the pin becomes what is allowed",
    "hub/exchange/courier/importing.py": "test_a_bundle_on_a_medium",
    "hub/exchange/numbering.py": "test_an_envelope_or_its_statement",
    "hub/exchange/passing/reported.py": "what its signer offers, as between two others (test_passing_told)",
    "hub/exchange/passing/signers.py": "test_what_is_passed_on",
    "hub/exchange/reconciling/answering.py": "test_a_statement_of_books",
    "hub/exchange/reconciling/messages.py": "test_a_statement_of_books, with the same arguments",
    "hub/exchange/weighing.py": "test_a_receipt, and between two others",
    "hub/federation/card.py": "the strongest on the card itself: a card is signed by all it offers",
    "hub/federation/directory/statement.py": "the strongest on the pinned card, as a card's own",
    "hub/federation/introduction.py": "test_an_introduction_by_way_of_a_relay",
    "hub/federation/succession.py": "test_a_stripped_card_in_succession",
}


def test_no_other_place_says_which_suites_it_takes() -> None:
    folder = Path(hub.__file__).parent
    verifiers = "envelope"  # where they are handed on, and nothing is decided
    found = {
        f"hub/{path.relative_to(folder)}"
        for path in folder.rglob("*.py")
        if "allowed=" in path.read_text() and path.relative_to(folder).parts[0] not in {verifiers, "api"}
    }
    assert found == PLACES.keys()
    everything = {str(path) for path in folder.rglob("*.py") if "frozenset(Suite)" in path.read_text()}
    assert not everything


def test_what_was_not_replaced_is_what_was_pinned(hubs: Hubs) -> None:
    ours, _theirs = pinned(hubs, HYBRID, HYBRID)
    partner = ours.standing().partner("cis-atc")
    assert partner.allowed == frozenset(HYBRID)
    assert partner.offered == frozenset((*HYBRID, *CLASSIC))
    assert replace(partner, allowed=frozenset()).suite is Suite.HYBRID_1
