"""Partners: pinned by a card whose fingerprint two people have read to each other, and by nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from hub.audit.events import Act
from hub.entries import PartnerRow, PartnerStatus, TrustKind
from hub.envelope.keys import SigningKeys
from hub.envelope.suites import Suite
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.log.epochs import own_keys, own_witness_epochs
from hub.exchange.relying import keep
from hub.federation.authorities import TlsCard, clash
from hub.federation.card import GIVEN_UP_MAX, Card, fingerprint, make_card, read_card, said_by
from hub.federation.epochs import EPOCHS_MAX
from hub.federation.snapshot import trusted
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import UnitOfWork, View
from hub.records.actor import Actor
from hub.records.ids import is_agency

#: The order in which suites are preferred.
SUITES: Final = (Suite.HYBRID_1, Suite.CLASSIC_1)
_ONE_AUTHORITY: Final = TlsCard()


def own_card(
    broker: Broker,
    *,
    name: str,
    url: str | None,
    tls_ca_pem: str,
    suites: Sequence[Suite] = SUITES,
    tls: TlsCard = _ONE_AUTHORITY,
) -> Card:
    """Return what our card says, for partners to pin once it is signed.

    Whoever can be called at its `url` keeps a mailbox for partners that cannot; without one, we poll theirs.
    """
    with broker.store.read() as view:
        log_epochs = own_keys(view.log, broker.keyring).epochs
    witness_epochs = own_witness_epochs(broker.keyring)
    return Card(
        agency=broker.agency,
        name=name,
        url=url,
        issued_at=broker.clock.now(),
        tls_ca_pem=tls_ca_pem,
        public=broker.keyring.public(),
        suites=tuple(suites),
        mailbox=url is not None,
        given_up=tuple(broker.keyring.given_up())[:GIVEN_UP_MAX],
        log_keys=log_epochs[-1].keys,
        witness_keys=witness_epochs[-1].keys,
        log_epochs=log_epochs[-EPOCHS_MAX:] if len(log_epochs) > 1 else (),
        witness_epochs=witness_epochs[-EPOCHS_MAX:] if len(witness_epochs) > 1 else (),
        tls=tls,
    )


def present_card(broker: Broker, keys: SigningKeys | None = None) -> bytes:
    """Return our card as it stands now, signed with the present keys, or with `keys` that a partner knows."""
    return make_card(_present(broker), keys or broker.keyring.signing())


def present_said(broker: Broker) -> str:
    """Return what our card says now, for comparison: no key signs, which may be a token's."""
    return said_by(_present(broker))


def _present(broker: Broker) -> Card:
    profile = broker.profile()
    return own_card(
        broker, name=profile.name, url=profile.url, tls_ca_pem=profile.tls_ca_pem, tls=profile.tls
    )


def pair(
    broker: Broker,
    actor: Actor,
    card_raw: bytes,
    *,
    confirmed_fingerprint: str,
    url: str | None = None,
    by_courier: bool = False,
    suites: Collection[Suite] | None = None,
    via: str | None = None,
    relay_for: Collection[str] = (),
    accept_fewer_suites: bool = False,
    statement: bytes | None = None,
) -> PartnerRow:
    """Pin a partner by its card, or renew the pin with a newer one; suspension outlives a new card.

    `confirmed_fingerprint` is what a person has compared with the partner. `url` overrides the card's,
    `by_courier` says that it is never called, `suites` narrows the card's, `via` names the pinned partner
    that relays, `relay_for` the agencies that this partner may reach through us. A pin loses no suite that
    is stronger than what is left, unless `accept_fewer_suites` says that a person wants it. `statement`
    is what a directory showed the card in: it is kept, and the entry names it. Raises IntegrityFailure
    `card-invalid`; Refused `role-missing`, `pin-not-confirmed`, `request-invalid`, `partner-unknown`,
    `suites-fewer`, or `conflict` for a card older than the pin.
    """
    require(may_administer(actor))
    at = broker.clock.now()
    card = read_card(card_raw, at=at)
    seen = fingerprint(card_raw)
    if confirmed_fingerprint.strip().lower() != seen:
        raise Refused(
            "pin-not-confirmed",
            "The confirmed fingerprint is not this card's; nothing was pinned. Compare all of its 64 digits "
            "with those that the partner tells.",
        )
    row = PartnerRow(
        agency=card.agency,
        card=card_raw,
        fingerprint=seen,
        status=PartnerStatus.ACTIVE,
        suites=_pinned(card, suites),
        url=None if by_courier else _callable(card, url),
        pinned_at=at,
        pinned_by=str(actor),
        via=via,
        relay_for=_agencies(relay_for),
    )
    with broker.store.work() as work:
        before = work.directory.partner(card.agency)
        _refuse_unless_fitting(broker, work, card, row, before)
        lost = () if before is None else tuple(name for name in before.suites if name not in row.suites)
        weaker = bool(lost) and _rank(lost) < _rank(row.suites)
        if not weaker or accept_fewer_suites:
            if before is not None:
                row = replace(row, status=before.status)
            told = {"suites_lost": " ".join(lost)} if lost else {}
            if statement is not None:
                told["statement"] = work.trust.keep(TrustKind.STATEMENT, statement)
            work.directory.put_statement(card.agency, told.get("statement"))
            waits = work.introductions.get(card.agency)
            if waits is not None and waits.waiting is not None:
                work.introductions.put(replace(waits, waiting=None))
            stage_pin(broker, work, actor, row, at, "paired" if before is None else "paired-again", **told)
        else:
            told = {"code": "suites-fewer", "fingerprint": seen, "suites_lost": " ".join(lost)}
            work.stage([broker.event(Act.REFUSED, actor, card.agency, at, **told)])
        work.commit()
    if weaker and not accept_fewer_suites:
        raise Refused(
            "suites-fewer",
            f"{card.agency} is pinned to {', '.join(lost)}, which would be lost for what is weaker: "
            f"{', '.join(row.suites)}. A stripped card looks like this: ask the "
            "partner why, and say so explicitly if it is meant.",
        )
    return row


def find_partner(view: View, agency: str) -> PartnerRow:
    """Return a partner's row, or raise Refused `partner-unknown`."""
    row = view.directory.partner(agency)
    if row is None:
        raise Refused("partner-unknown", f"{agency} is not a partner of this hub.")
    return row


def _rank(suites: Collection[str]) -> int:
    """Return the place of the strongest of some suites; the strongest of all stands first."""
    return min(SUITES.index(Suite(name)) for name in suites)


def _pinned(card: Card, asked: Collection[Suite] | None) -> tuple[str, ...]:
    both = [suite for suite in SUITES if suite in card.suites and (asked is None or suite in asked)]
    if not both:
        raise Refused(
            "request-invalid",
            f"No suite is left to pin: the card offers {', '.join(s.value for s in card.suites)}.",
        )
    return tuple(suite.value for suite in both)


def _callable(card: Card, override: str | None) -> str | None:
    """Return how to call the partner; None when it keeps no door open and pulls from its mailbox."""
    if override is None:
        return card.url
    try:
        return replace(card, url=override).url
    except ValueError as error:
        raise Refused("request-invalid", f"The partner cannot be called there: {error}.") from None


def _agencies(names: Collection[str]) -> tuple[str, ...]:
    if wrong := sorted(name for name in names if not is_agency(name)):
        raise Refused("request-invalid", f"{wrong[0]!r} is not an agency id, like kz-knb.")
    return tuple(sorted(set(names)))


def refuse_own(card: Card, agency: str) -> None:
    """Raise Refused `request-invalid` for the card of this hub itself."""
    if card.agency == agency:
        raise Refused("request-invalid", "This is our own card; a partner's card is needed.")


def _refuse_unless_fitting(
    broker: Broker, work: UnitOfWork, card: Card, row: PartnerRow, before: PartnerRow | None
) -> None:
    refuse_own(card, broker.agency)
    if work.directory.member(card.agency) is not None:
        raise Refused("conflict", f"{card.agency} is a member of this hub; it cannot be a partner too.")
    if work.hubless.profile(card.agency) is not None:
        raise Refused("conflict", f"{card.agency} is pinned by a profile, as a partner without a hub.")
    if row.via == card.agency:
        raise Refused("request-invalid", f"{card.agency} cannot be reached through itself.")
    if row.via is not None:
        find_partner(work, row.via)
    refuse_shadows(work, card)
    if before is not None and read_card(before.card).issued_at > card.issued_at:
        raise Refused("conflict", f"The card pinned for {card.agency} is newer than this one.")


def refuse_shadows(view: View, card: Card) -> None:
    """Refuse a card that could be taken for another partner's: by its authority's name, or a leaf's key.

    Raises Refused `conflict`. It holds for each way in which a card is pinned: one that shuts another partner
    out must not come by itself either.
    """
    for row in view.directory.partners():
        if row.agency == card.agency:
            continue
        other = read_card(row.card)
        if clash(other.authorities, card.authorities):
            raise Refused(
                "conflict",
                f"A TLS authority of {card.agency} has the name of another one, which {row.agency} pins.",
            )
        if set(other.tls.pins) & set(card.tls.pins):
            raise Refused("conflict", f"{card.agency} and {row.agency} pin the same key.")


def put_changed(
    broker: Broker, work: UnitOfWork, actor: Actor, row: PartnerRow, at: datetime, what: str
) -> None:
    """Store a partner, with the event that says what changed, and commit."""
    stage_pin(broker, work, actor, row, at, what)
    work.commit()


def stage_pin(
    broker: Broker,
    work: UnitOfWork,
    actor: Actor,
    row: PartnerRow,
    at: datetime,
    what: str,
    **details: str,
) -> None:
    """Put a partner's row in the directory, with the entry that tells of it; committing is the caller's."""
    work.directory.put_partner(row)
    shown = work.directory.statements().get(row.agency)
    trust = trusted(row, read_card(row.card), statement=shown)
    keep(broker, work, trust)
    event = broker.event(
        Act.PARTNER_CHANGED,
        actor,
        row.agency,
        at,
        change=what,
        fingerprint=row.fingerprint,
        suites=" ".join(row.suites),
        trust=trust.digest,
        **details,
    )
    work.stage([event])
