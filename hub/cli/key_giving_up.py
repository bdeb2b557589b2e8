"""`hub key compromise` and `hub key affected`: a key that others may have, and the records it touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import RenderableType

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, instant, table
from hub.cli.card_words import spoken
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.errors import Refused
from hub.exchange.cards.telling import tell_all
from hub.exchange.keys.affected import Affected, affected
from hub.exchange.keys.changing import compromise
from hub.exchange.keys.rules import RULES, rule_of
from hub.federation.card import fingerprint, words
from hub.ports import KeyFacts

if TYPE_CHECKING:
    from hub.bootstrap.giving_up import GivenUp
    from hub.bootstrap.opening import Hub
    from hub.bootstrap.secrets import Unlock

_PAGE_MAX = 1000
_limit_option = click.option(
    "--limit",
    metavar="N",
    default=100,
    show_default=True,
    type=click.IntRange(1, _PAGE_MAX),
    help="As many records on a page.",
)


@trail(writes(Act.KEY_CHANGED, Act.PARTNER_CHANGED))
@leaf(
    "compromise",
    examples=(
        'hub key compromise sign-es256 --why "a copy of the disk was sold"',
        f'hub key compromise {SOME_ID} --why "found in a backup that others had"',
        'hub key compromise tls-leaf --why "the web server was broken into"',
    ),
)
@click.argument("which", help="A purpose, for its current key, or the id of one key.")
@click.option("--why", required=True, metavar="TEXT", help="What happened; it is logged.")
@_limit_option
@home_option
@unlock_option
def give_up(which: str, why: str, limit: int, home: Path, unlock: Unlock) -> Answer:
    """Give up a key that others may have: revoke it, put a fresh one in its place, tell all partners.

    Nothing waits: the key is off our card at once. Where it signed, no partner takes our next card by itself,
    for whoever has the key could have made one too: read the words below to each on the phone. At last come
    the records that the key signed, or that were sealed to it, since it came into use. Of the master key they
    are all that lay here while it was in use: who has a copy of the database from then too can read them.

    `tls-leaf` is the hub's certificate, which is revoked and issued anew; `tls-authority` is the authority
    above it: members whose certificates it issued need others. No record was signed by these, or sealed to
    them.
    """
    from hub.bootstrap.giving_up import give_up_tls

    with opened(home, unlock) as hub:
        actor = administrator(hub.config.agency)
        if (tls := give_up_tls(hub, actor, which, why=why)) is not None:
            return _told(hub, tls)
        gone = compromise(hub.broker, hub.custody, actor, which, why=why)
        missing = tell_all(hub.broker)
        page = _page(hub, gone, after=0, limit=limit)
        seen = fingerprint(hub.kept_card())
    by_words = rule_of(gone.purpose).signs_records
    lines: list[RenderableType] = [
        f"The {gone.purpose} key {gone.key_id} is given up; a fresh one is in its place."
    ]
    if by_words:
        lines += [
            "Partners take our new card from people alone: `hub partner card --out FILE`.",
            spoken(seen),
        ]
    if missing:
        lines.append(f"They do not have our new card: {', '.join(missing)}.")
    lines += _records(gone, page)
    document = {
        "key": gone.key_id,
        "purpose": gone.purpose,
        "unaware": list(missing),
        "by_words": by_words,
        "fingerprint": seen,
        "words": list(words(seen)),
        **_document(page, limit),
    }
    return Answer(document=document, people=lines, then=_further(gone, page, limit))


@trail(writes_nothing("ids of records; whoever reads them leaves an entry"))
@leaf("affected", examples=(f"hub key affected {SOME_ID}", f"hub key affected {SOME_ID} --after 4711 --json"))
@click.argument("key_id", help="The id of a key; `hub key list` shows it.")
@click.option("--after", metavar="N", default=0, type=click.IntRange(0), help="Go on after this position.")
@_limit_option
@home_option
@unlock_option
def affected_by(key_id: str, after: int, limit: int, home: Path, unlock: Unlock) -> Answer:
    """List the records that a key signed, or that were sealed to it or kept under it while it was in use.

    By the audit log, a page at a time. It names too much rather than too little: of a suite that did not use
    this very key too, and what was erased here meanwhile.
    """
    with opened(home, unlock) as hub:
        key = next((one for one in hub.custody.inventory() if one.key_id == key_id), None)
        if key is None:
            raise Refused("not-found", f"There is no key {key_id} here; see `hub key list`.")
        page = _page(hub, key, after=after, limit=limit)
    return Answer(
        document={"key": key_id, "purpose": key.purpose, **_document(page, limit)},
        people=_records(key, page),
        then=_further(key, page, limit),
    )


def _told(hub: Hub, gone: GivenUp) -> Answer:
    """Tell what giving up the hub's certificate, or the authority above it, came to."""
    seen = fingerprint(hub.kept_card())
    lines: list[RenderableType] = [f"The {gone.purpose} key {gone.key} is given up."]
    then: list[str] = []
    if gone.foreign:
        lines.append("It is from a foreign authority: only that one can revoke it. Until then, it is taken.")
        then += ["hub ca foreign-request --out FILE      (and have the authority revoke the one before)"]
    elif not gone.told:
        lines.append(
            "Nobody can ask us what is revoked (revocation_url in hub.toml), so partners go on taking it."
        )
        then += [
            "hub key compromise tls-authority --why TEXT      (takes the authority above it off our card)"
        ]
    if gone.unaware:
        lines += [f"They do not have our new card: {', '.join(gone.unaware)}.", spoken(seen)]
        then += ["hub partner card --out FILE      (for them; what they cannot take by themselves)"]
    if gone.members:
        lines.append(f"These members need new certificates: {', '.join(gone.members)}.")
        then += ["hub ca request MEMBER --csr FILE --as CUSTODIAN"]
    lines.append("No record was signed by it, or sealed to it.")
    return Answer(
        document={
            "key": gone.key,
            "purpose": gone.purpose,
            "unaware": list(gone.unaware),
            "members": list(gone.members),
            "foreign": gone.foreign,
            "by_words": False,
            "fingerprint": seen,
            "words": list(words(seen)),
            "affected": [],
            "more": False,
        },
        people=lines,
        then=tuple(then),
    )


def _page(hub: Hub, key: KeyFacts, *, after: int, limit: int) -> Sequence[Affected]:
    if key.purpose not in RULES:  # what TLS hangs on touches no record
        return ()
    with hub.store.read() as view:
        return affected(view, key, hub.broker.limits, after=after, limit=limit)


def _document(page: Sequence[Affected], limit: int) -> dict[str, object]:
    return {
        "affected": [
            {
                "record": one.record_id,
                "version": one.version,
                "at": instant(one.at),
                "originator": one.originator or None,
                "recipients": list(one.recipients),
                "envelopes": list(one.envelopes),
                "position": one.position,
            }
            for one in page
        ],
        "more": len(page) == limit,
    }


def _records(key: KeyFacts, page: Sequence[Affected]) -> list[RenderableType]:
    if not page:
        return [f"No record has to do with the {key.purpose} key {key.key_id}."]
    rows = [(one.record_id, one.version, one.at, one.originator or one.recipients) for one in page]
    rule = rule_of(key.purpose)
    verb = "signed by" if rule.signs_records else "kept under" if rule.wraps else "sealed to"
    return [f"Records {verb} it, or possibly so:", table(("record", "version", "at (UTC)", "with"), rows)]


def _further(key: KeyFacts, page: Sequence[Affected], limit: int) -> tuple[str, ...]:
    if len(page) < limit:
        return ()
    return (f"hub key affected {key.key_id} --after {page[-1].position}",)
