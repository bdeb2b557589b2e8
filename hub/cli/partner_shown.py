"""`hub partner list` and `show`: who is pinned here, and how the traffic and the books with them stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import RenderableType

from hub.audit.trail import writes_nothing
from hub.cli import partner_profile
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.card_words import spoken
from hub.cli.frame import leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.cli.partner_revocation import as_document as revocation_document
from hub.cli.partner_revocation import as_facts as revocation_facts
from hub.cli.partner_switch import held, suspension
from hub.cli.reconcile import as_document as reconciled
from hub.cli.reconcile import as_words
from hub.entries import PartnerRow, ReconciliationRow
from hub.exchange import partners
from hub.exchange.gaps import spelled
from hub.federation.card import read_card, words

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

#: As many gaps as one partner's page tells of.
_GAPS_MAX: Final = 1000


@trail(writes_nothing("the directory, and nobody that a record is about"))
@leaf("list", examples=("hub partner list",))
@home_option
@unlock_option
def list_(home: Path, unlock: Unlock) -> Answer:
    """List the partners that are pinned here."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = view.directory.partners()
        profiles = view.hubless.profiles()
        books = view.books.newest_reconciliations(hub.config.agency)
        gaps = view.books.gap_counts()
    if not rows and not profiles:
        return Answer(
            document={"partners": []},
            people=("No partner is pinned here yet.",),
            then=("hub partner card --out FILE", "hub partner add CARD"),
        )
    columns = ("agency", "status", "reached", "suites", "books (UTC)", "gaps", "pinned at (UTC)", "pinned by")
    cells = [
        (
            r.agency,
            r.status.value,
            _reached(r),
            r.suites,
            as_words(books.get(r.agency)),
            gaps.get(r.agency),
            r.pinned_at,
            r.pinned_by,
        )
        for r in rows
    ] + [
        (r.agency, r.status.value, f"no hub, by {r.carrier}", "–", None, None, r.pinned_at, r.pinned_by)
        for r in profiles
    ]
    documents = [
        as_document(r)
        | {
            "books": None if r.agency not in books else reconciled(books[r.agency]),
            "gaps": gaps.get(r.agency, 0),
        }
        for r in rows
    ] + [partner_profile.as_document(r) for r in profiles]
    then = tuple(f"hub partner show {agency}" for agency, row in books.items() if row.differences)
    return Answer(document={"partners": documents}, people=(table(columns, cells),), then=then)


@trail(writes_nothing("the directory, and nobody that a record is about"))
@leaf(examples=("hub partner show cis-atc",))
@click.argument("agency", help="Its id, like cis-atc.")
@home_option
@unlock_option
def show(agency: str, home: Path, unlock: Unlock) -> Answer:
    """Show one partner: its pin, its words and what its card says."""
    with opened(home, unlock) as hub:
        with hub.store.read() as view:
            profile = view.hubless.profile(agency)
        if profile is not None:
            return partner_profile.show(hub, profile, held(hub.broker, agency))
    with opened(home, unlock) as hub, hub.store.read() as view:
        row = partners.find_partner(view, agency)
        books = view.books.newest_reconciliations(hub.config.agency, agency).get(agency)
        gaps = view.books.gaps(agency, limit=_GAPS_MAX)
        at = hub.broker.clock.now()
        pinned = hub.trust.current(at).partners[agency]
        stopped = suspension(view, row)
        waiting = held(hub.broker, agency)
    told = {
        "held": waiting,
        "suspended_at": None if stopped is None else instant(stopped.since),
        "suspended_by": None if stopped is None else str(stopped.event.actor),
        "revocation": revocation_document(pinned, at),
        "books": None if books is None else {**reconciled(books), "found": list(books.found)},
        "gaps": [[gap.first, gap.last] for gap in gaps],
    }
    known = {
        "suspended (UTC)": None if stopped is None else stopped.since,
        "suspended by": None if stopped is None else str(stopped.event.actor),
        **revocation_facts(pinned, at),
        "books compared (UTC)": as_words(books),
        "numbers missing": spelled(gaps) or None,
        "held": waiting,
    }
    return Answer(
        document=as_document(row) | told,
        people=(facts(partner_facts(row) | known), *_differences(books), spoken(row.fingerprint)),
        then=(f"hub reconcile {agency}",) if books is not None and books.differences else (),
    )


def _differences(books: ReconciliationRow | None) -> Sequence[RenderableType]:
    """Return a table of what differed when the books were compared last."""
    if books is None or not books.found:
        return ()
    columns = ("sent by", "number", "difference")
    cells = [(one.get("sender"), one.get("number"), one.get("difference")) for one in books.found]
    return (table(columns, cells, numbers=("number",)),)


def as_document(row: PartnerRow) -> dict[str, object]:
    """Return a partner for machines."""
    return {
        "agency": row.agency,
        "name": read_card(row.card).name,
        "status": row.status.value,
        "url": row.url,
        "via": row.via,
        "relay_for": list(row.relay_for),
        "suites": list(row.suites),
        "fingerprint": row.fingerprint,
        "words": list(words(row.fingerprint)),
        "pinned_at": instant(row.pinned_at),
        "pinned_by": row.pinned_by,
    }


def partner_facts(row: PartnerRow) -> dict[str, object]:
    """Return a partner for people."""
    card = read_card(row.card)
    return {
        "agency": row.agency,
        "name": card.name,
        "status": row.status.value,
        "reached": _reached(row),
        "relays for it": row.relay_for,
        "suites": row.suites,
        "card of (UTC)": card.issued_at,
        "pinned (UTC)": row.pinned_at,
        "pinned by": row.pinned_by,
        "fingerprint": row.fingerprint,
    }


def _reached(row: PartnerRow) -> str:
    if row.via is not None:
        return f"via {row.via}"
    return row.url or "it polls its mailbox here"
