"""What the directory says is shown and never done: pins, keys and addresses change by a custodian alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.audit.events import Act
from hub.entries import PartnerRow
from hub.errors import PeerFault
from hub.exchange import partners
from hub.exchange.directory.adopting import vouched_card
from hub.federation.card import fingerprint, read_card
from tests.exchange.directory.steps import pins, recard, refused, warned
from tests.exchange.directory.world import Agency, Federation
from tests.exchange.hubs import CUSTODIAN

# --- local approval always wins


def test_following_pins_nobody_and_changes_no_pin(kz: Agency, tj: Agency, participant: Agency) -> None:
    before = pins(tj)
    recard(kz, url="https://elsewhere.test:8443")
    kz.publish()
    state = tj.refresh()
    assert pins(tj) == before
    assert state.agencies["kz-knb"].differences == ("address",)
    assert "uz-sgb" in state.agencies
    assert all(row.agency != "uz-sgb" for row in pins(tj))


@pytest.mark.slow
def test_a_directory_that_differs_from_a_pin_is_an_alarm_and_an_event(kz: Agency, tj: Agency) -> None:
    assert warned(tj) == ()
    recard(kz, url="https://elsewhere.test:8443", name="Another name")
    kz.publish()
    tj.refresh()
    assert warned(tj) == ("directory-differs",)
    (event,) = tj.events("differs")
    assert (event.subject, event.details["differences"]) == ("kz-knb", "address name")
    tj.refresh()
    assert len(tj.events("differs")) == 1
    raw = kz.card()
    partners.pair(tj.broker, CUSTODIAN, raw, confirmed_fingerprint=fingerprint(raw))
    tj.refresh()
    assert warned(tj) == ()
    assert [event.subject for event in tj.events("agrees")] == ["kz-knb"]


@pytest.mark.slow
def test_a_later_date_alone_is_no_difference(kz: Agency, tj: Agency, federation: Federation) -> None:
    federation.hubs.clock.at += timedelta(minutes=1)
    recard(kz)
    kz.publish(give=[("sco-member", "tj-gknb")])
    assert tj.refresh().agencies["kz-knb"].differences == ()


# --- adopting


def adopt(agency: Agency, name: str) -> PartnerRow:
    vouched = vouched_card(agency.broker, agency.place, name)
    return partners.pair(
        agency.broker,
        CUSTODIAN,
        vouched.card,
        confirmed_fingerprint=fingerprint(vouched.card),
        statement=vouched.statement,
    )


@pytest.mark.slow
def test_a_custodian_adopts_the_card_that_the_directory_shows(tj: Agency, participant: Agency) -> None:
    tj.refresh()
    assert adopt(tj, "uz-sgb").card == participant.card()
    with tj.broker.store.read() as view:
        found = [event for _, event in view.events_about(["uz-sgb"], limit=100)]
        (event,) = (one for one in found if one.act is Act.PARTNER_CHANGED and "statement" in one.details)
        kept = view.trust.get(event.details["statement"])
    assert kept is not None
    assert kept.raw == tj.place.statement("uz-sgb")
    trusted = tj.broker.standing().partners["uz-sgb"].trust
    assert trusted.snapshot.statement == event.details["statement"]
    assert trusted.digest == event.details["trust"]


@pytest.mark.slow
def test_what_a_partner_is_trusted_by_names_the_entry_that_shows_the_pinned_card(
    kz: Agency, tj: Agency
) -> None:
    def shown() -> str | None:
        return tj.broker.standing().partners["kz-knb"].trust.snapshot.statement

    entry = tj.place.state().agencies["kz-knb"].statement
    assert entry is not None
    assert shown() == entry
    recard(kz, url="https://elsewhere.test:8443")
    kz.publish()
    tj.refresh()
    assert shown() is None  # it contradicts the pin, which stands alone
    raw = kz.card()
    partners.pair(tj.broker, CUSTODIAN, raw, confirmed_fingerprint=fingerprint(raw))
    assert shown() is None
    tj.refresh()
    assert shown() == tj.place.state().agencies["kz-knb"].statement
    with tj.broker.store.read() as view:
        last = [one for _, one in view.events_about(["kz-knb"], limit=100) if "trust" in one.details][-1]
        assert view.trust.get(last.details["trust"]) is not None
    assert last.details["trust"] == tj.broker.standing().partners["kz-knb"].trust.digest


def test_nothing_is_adopted_from_an_unknown_directory_or_agency(tj: Agency, federation: Federation) -> None:
    assert refused(lambda: adopt(tj, "xx-yyy")).code == "directory-unknown"
    federation.add("md-sis")
    assert refused(lambda: adopt(federation["md-sis"], "kz-knb")).code == "directory-unknown"


@pytest.mark.slow
def test_nothing_is_adopted_once_the_directory_has_expired(
    tj: Agency, participant: Agency, federation: Federation
) -> None:
    tj.refresh()
    before = pins(tj)
    federation.hubs.clock.at += timedelta(days=8)
    failure = refused(lambda: adopt(tj, "uz-sgb"))
    assert failure.code == "directory-expired"
    assert isinstance(failure, PeerFault)
    assert "directory-expired" in warned(tj)
    assert pins(tj) == before


@pytest.mark.slow
def test_nothing_is_adopted_while_the_directory_cannot_be_fetched(
    kz: Agency, tj: Agency, participant: Agency
) -> None:
    tj.refresh()
    shutil.move(kz.place.repository, kz.folder / "away")
    assert refused(tj.refresh).code == "request-invalid"
    kz.place.repository.mkdir()
    assert refused(tj.refresh).code in {"directory-mismatched", "directory-unreachable"}
    assert refused(lambda: adopt(tj, "uz-sgb")).code in {"directory-mismatched", "request-invalid"}
    assert warned(tj) != ()
    shutil.rmtree(kz.place.repository)
    shutil.move(kz.folder / "away", kz.place.repository)
    tj.refresh()
    assert warned(tj) == ()
    assert adopt(tj, "uz-sgb").agency == "uz-sgb"


@pytest.mark.slow
def test_a_suspended_agency_is_not_adopted(kz: Agency, kg: Agency, tj: Agency, participant: Agency) -> None:
    kg.refresh()
    kz.publish(kg.approve(kz.propose(suspend=["uz-sgb"])))
    tj.refresh()
    assert refused(lambda: adopt(tj, "uz-sgb")).code == "directory-suspended"
    assert warned(tj) == ()
    kg.refresh()
    assert warned(kg) == ("directory-suspended",)


@pytest.mark.slow
def test_an_entry_that_is_not_signed_by_its_card_is_not_taken(
    kz: Agency, tj: Agency, participant: Agency
) -> None:
    tj.refresh()
    path = tj.place.trusted / "entries" / "uz-sgb.jws"
    path.write_bytes(path.read_bytes().replace(b"A", b"B", 3))
    assert refused(lambda: adopt(tj, "uz-sgb")).code == "directory-mismatched"
    assert tj.refresh().agencies["uz-sgb"].code is None


@pytest.mark.slow
def test_a_participant_that_publishes_anothers_statement_is_not_taken(
    kz: Agency, kg: Agency, uz: Agency
) -> None:
    from hub.exchange.directory import joining as our_joining
    from hub.federation.directory.documents import make_role, signed_by
    from hub.federation.directory.joining import make_joining, read_joining

    kz.publish(kg.approve(kz.propose(add=[uz.ask()])))
    theirs = kz.place.statement("kg-gknb")
    assert theirs is not None
    honest = read_joining(uz.ask())
    role = signed_by(
        make_role("uz-sgb", theirs, version=9, expires=uz.broker.clock.now() + our_joining.ENTRY_LIFE),
        uz.keys.entry(),
    )
    forged = make_joining(
        replace(honest, statement=theirs, role=role), read_card(uz.card()), uz.broker.keyring.signing()
    )
    assert refused(lambda: read_joining(forged)).code == "directory-change-invalid"


# --- trust marks


@pytest.mark.slow
def test_a_trust_mark_is_seen_and_so_is_its_withdrawal(kz: Agency, tj: Agency) -> None:
    kz.publish(give=[("sco-member", "tj-gknb")])
    assert tj.refresh().agencies["tj-gknb"].marks == ("kz-knb:sco-member",)
    kz.publish(withdraw=[("sco-member", "tj-gknb")])
    assert tj.refresh().agencies["tj-gknb"].marks == ()
    assert [e.details["marks"] for e in tj.events("mark-gone")] == ["kz-knb:sco-member"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "edition", [{"give": [("SCO", "tj-gknb")]}, {"withdraw": [("sco-member", "tj-gknb")]}]
)
def test_a_mark_of_no_form_or_not_given_is_refused(kz: Agency, edition: dict[str, object]) -> None:
    assert refused(lambda: kz.publish(**edition)).code == "request-invalid"
