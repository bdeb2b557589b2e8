"""What a partner's next card comes to here: it takes the place of the pinned one, waits, or is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from hub.audit.events import Act
from hub.entries import IntroductionRow, PartnerRow
from hub.errors import IntegrityFailure, Refused
from hub.exchange.broker import Broker
from hub.exchange.partners import find_partner, refuse_shadows, stage_pin
from hub.federation.card import Card, fingerprint, read_card, said
from hub.federation.succession import follow
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import EventQuery, UnitOfWork, View
from hub.records.actor import Actor

#: What a hub tells whose card waits for a person there.
WAITING = "card-waiting"
_REFUSALS_MAX: Final = 100


def take_card(broker: Broker, actor: Actor, agency: str, raw: bytes) -> str | None:
    """Let a partner's card follow the one that is pinned; return None, or the code of why it did not.

    A card that says the same, or is older, changes nothing. What is refused or waits leaves one entry, and
    none when it comes again; other cards that are refused leave one for each `card_refusal_s`. A card that
    would have us ask hosts about revocation which no card before it named waits for a custodian. Raises
    Refused `partner-unknown`.
    """
    with broker.store.read() as view:
        row = find_partner(view, agency)
        known = view.introductions.get(agency)
    at = broker.clock.now()
    if raw == row.card:
        return None
    try:
        pinned = read_card(row.card)
        if _changes_nothing(row, pinned, raw):
            return None
        fresh = follow(pinned, raw, suites=row.suites, at=at)
        with broker.store.read() as view:
            _refuse_shadows(view, fresh)
    except IntegrityFailure as failure:
        return _refuse(broker, actor, agency, raw, failure, known, at)
    if broker.confirm_cards or _asks_elsewhere(pinned, fresh):
        return _keep_waiting(broker, actor, agency, raw, known, at)
    with broker.store.work() as work:
        before = find_partner(work, agency)
        if before.fingerprint == row.fingerprint:  # nobody has pinned another meanwhile
            _succeed(broker, work, actor, before, pinned, fresh, raw, at)
            work.commit()
    return None


def approve_card(broker: Broker, actor: Actor, agency: str) -> PartnerRow:
    """Let the card of a partner that waits take the place of the pinned one.

    Raises Refused `role-missing`, `partner-unknown`, `not-found` when none waits, IntegrityFailure
    `succession-refused` when it does not follow from what is pinned by now.
    """
    require(may_administer(actor))
    at = broker.clock.now()
    with broker.store.work() as work:
        row = find_partner(work, agency)
        known = work.introductions.get(agency)
        if known is None or known.waiting is None:
            raise Refused("not-found", f"No card of {agency} waits to be approved.")
        pinned = read_card(row.card)
        fresh = follow(pinned, known.waiting, suites=row.suites, at=at)
        after = _succeed(broker, work, actor, row, pinned, fresh, known.waiting, at)
        work.commit()
    return after


def _asks_elsewhere(pinned: Card, fresh: Card) -> bool:
    """Tell whether a card names a host to ask about revocation that people have not approved."""
    approved = set(map(_host, (*pinned.tls.crl, *pinned.tls.ocsp, *filter(None, [pinned.url]))))
    return not set(map(_host, (*fresh.tls.crl, *fresh.tls.ocsp))) <= approved


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _changes_nothing(row: PartnerRow, pinned: Card, raw: bytes) -> bool:
    """Tell whether a card says what the pinned one does, or is one from before it."""
    return said(raw) == said(row.card) or read_card(raw).issued_at <= pinned.issued_at


def _succeed(
    broker: Broker,
    work: UnitOfWork,
    actor: Actor,
    row: PartnerRow,
    pinned: Card,
    fresh: Card,
    raw: bytes,
    at: datetime,
) -> PartnerRow:
    """Pin the card; what was set by hand (another url, fewer suites, relays) stays as it was set."""
    _refuse_shadows(work, fresh)  # asked here too: another partner's card may have come meanwhile
    after = replace(
        row,
        card=raw,
        fingerprint=fingerprint(raw),
        url=fresh.url if row.url == pinned.url else row.url,
        pinned_at=at,
        pinned_by=str(actor),
    )
    work.directory.put_statement(row.agency, None)  # what a directory shows is the card of before
    stage_pin(broker, work, actor, after, at, "succeeded", before=row.fingerprint)
    known = work.introductions.get(row.agency) or IntroductionRow(agency=row.agency, at=at)
    if known.waiting is not None or known.refused is not None:
        work.introductions.put(replace(known, waiting=None, refused=None))
    return after


def _refuse_shadows(view: View, fresh: Card) -> None:
    """Refuse a card that would shut another partner out, as `pair` does."""
    try:
        refuse_shadows(view, fresh)
    except Refused as refused:
        raise IntegrityFailure("succession-refused", refused.sentence) from None


def _refuse(
    broker: Broker,
    actor: Actor,
    agency: str,
    raw: bytes,
    failure: IntegrityFailure,
    known: IntroductionRow | None,
    at: datetime,
) -> str:
    seen = _seen(raw)
    if (known is None or known.refused != seen) and not _refused_lately(broker, agency, failure.code, at):
        with broker.store.work() as work:
            before = work.introductions.get(agency) or IntroductionRow(agency=agency, at=at)
            work.introductions.put(replace(before, refused=seen))
            event = broker.event(Act.REFUSED, actor, agency, at, code=failure.code, fingerprint=seen)
            work.stage([event])
            work.commit()
    return failure.code


def _refused_lately(broker: Broker, agency: str, code: str, at: datetime) -> bool:
    """Tell whether the log has a card of a partner that was refused so within `card_refusal_s`."""
    since = at - timedelta(seconds=broker.limits.card_refusal_s)
    query = EventQuery(about=agency, acts=frozenset({Act.REFUSED}), since=since)
    with broker.store.read() as view:
        found = view.search_events(query, limit=_REFUSALS_MAX)
    return len(found) == _REFUSALS_MAX or any(
        event.details.get("code") == code and "fingerprint" in event.details for _, event in found
    )


def _seen(raw: bytes) -> str:
    try:
        return fingerprint(raw)
    except IntegrityFailure:
        return ""


def _keep_waiting(
    broker: Broker, actor: Actor, agency: str, raw: bytes, known: IntroductionRow | None, at: datetime
) -> str:
    if known is None or known.waiting is None or said(known.waiting) != said(raw):
        with broker.store.work() as work:
            before = work.introductions.get(agency) or IntroductionRow(agency=agency, at=at)
            work.introductions.put(replace(before, waiting=raw))
            work.stage(
                [
                    broker.event(
                        Act.PARTNER_CHANGED,
                        actor,
                        agency,
                        at,
                        change="card-waits",
                        fingerprint=fingerprint(raw),
                    )
                ]
            )
            work.commit()
    return WAITING
