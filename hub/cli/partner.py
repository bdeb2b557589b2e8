"""`hub partner`: our card, and the partners' cards that are pinned here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli import partner_profile
from hub.cli.answer import Answer, facts
from hub.cli.card_words import confirmed_card, spoken
from hub.cli.files import read_bytes, write_bytes
from hub.cli.frame import SOME_DIGEST, Noun, trail
from hub.cli.home import administrator, config_of, home_option, opened, unlock_option
from hub.cli.partner_approving import approve_waiting
from hub.cli.partner_revocation import revocation
from hub.cli.partner_shown import as_document, list_, partner_facts, show
from hub.cli.partner_switch import resume, suspend
from hub.cli.partner_trust import trust_of
from hub.entries import PartnerRow
from hub.envelope.suites import Suite
from hub.errors import Refused
from hub.exchange import partners
from hub.exchange.directory.adopting import vouched_card
from hub.federation.card import fingerprint, read_card, words

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@click.group(cls=Noun)
def partner() -> None:
    """Pair with other hubs, and suspend or resume the traffic with them."""


@trail(writes_nothing("our own public card"))
@partner.command(
    "card",
    examples=("hub partner card --out kz-knb.card", "hub partner card > kz-knb.card"),
)
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Where to write it.")
@home_option
@unlock_option
@click.pass_context
def show_card(context: click.Context, out: Path | None, home: Path, unlock: Unlock) -> Answer:
    """Write our signed card: who we are, how to reach us, which keys are ours.

    Send it to a partner any way you like: it is not secret, and the words protect it on its way. The same
    card is written again until something on it changes, so its words can be looked up when the partner
    calls.
    """
    with opened(home, unlock) as hub:
        raw = hub.kept_card()
    text = raw.decode()
    seen = fingerprint(raw)
    document = {"card": text, "fingerprint": seen, "words": list(words(seen))}
    if out is None:
        people: tuple[str, ...] = (text,)
        if not context.meta["machine"]:
            click.echo(spoken(seen), err=True)
    else:
        write_bytes(out, raw)
        people = (f"Our card is in {out}.", spoken(seen))
    return Answer(document=document, people=people)


@trail(writes(Act.PARTNER_CHANGED, Act.REFUSED))
@partner.command(
    examples=(
        "hub partner add cis-atc.card",
        'hub partner add cis-atc.card --confirm "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12"',
        f"hub partner add kg-gknb.card --via cis-atc --fingerprint {SOME_DIGEST}",
        "hub partner add --from-directory kg-gknb",
        f"hub partner add --profile profile.toml --agency de-bka --fingerprint {SOME_DIGEST}",
    )
)
@click.argument(
    "card", metavar="CARD", required=False, help="The partner's card, a file or - for standard input."
)
@click.option(
    "--from-directory", "listed", metavar="AGENCY", help="Take the card that the directory shows for it."
)
@click.option("--profile", metavar="FILE", help="Pin a partner that has no hub by this profile (TOML).")
@click.option("--agency", metavar="AGENCY", help="With --profile: the partner's id, like de-bka.")
@click.option("--confirm", metavar="WORDS", help="The twelve words that the partner read to you.")
@click.option(
    "--fingerprint",
    "told",
    metavar="HEX",
    help="All 64 digits of the fingerprint, for scripts.",
)
@click.option("--url", metavar="URL", help="Call the partner here, not where its card says.")
@click.option("--by-courier", is_flag=True, help="Never call it: a courier carries media there and back.")
@click.option(
    "--suite",
    "suites",
    multiple=True,
    type=click.Choice([suite.value for suite in Suite]),
    help="Pin only this suite; may be repeated. Without it: all on the card.",
)
@click.option("--via", metavar="AGENCY", help="Hand its envelopes to this partner, which relays them.")
@click.option(
    "--relay-for",
    metavar="AGENCY",
    multiple=True,
    help="It may reach this agency through us; may be repeated.",
)
@click.option(
    "--accept-fewer-suites",
    is_flag=True,
    help="Let the pin lose its strongest suite: the partner said that its card offers fewer on purpose.",
)
@home_option
@unlock_option
def add(
    card: str | None,
    listed: str | None,
    profile: str | None,
    agency: str | None,
    confirm: str | None,
    told: str | None,
    url: str | None,
    by_courier: bool,
    suites: tuple[str, ...],
    via: str | None,
    relay_for: tuple[str, ...],
    accept_fewer_suites: bool,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Pin a partner by its card, once a person has compared the words with it on the phone.

    Without --confirm and --fingerprint the words are asked for: you read the first six to your colleague
    there, who reads the last six to you. A newer card of a partner that is pinned renews the pin; what was
    set by --url, --by-courier, --suite, --via or --relay-for stays unless it is set again, and '' ends --url
    (also --by-courier) or --via. A pin that would lose its strongest suite is refused, and logged: a stripped
    card looks like that.
    A card from the directory is confirmed in the same way: the directory proposes, and you decide.

    A partner without a hub is pinned by a profile, which is shown and asked for; with --fingerprint it takes
    the SHA-256 of that file. What the profile names is put before by `hub material put`.
    """
    if (profile is None) is not (agency is None):
        raise Refused("command-invalid", "--profile and --agency come together.")
    if profile is not None and agency is not None:
        if card is not None or listed is not None:
            raise Refused("command-invalid", "Name a card, an agency in the directory, or a profile.")
        with opened(home, unlock) as hub:
            return partner_profile.pin(hub, agency, profile, told)
    if by_courier and (url or via):
        raise Refused(
            "command-invalid", "A partner is reached by courier, or by --url or --via; not by both."
        )
    if (card is None) == (listed is None):
        raise Refused("command-invalid", "Name a card, or an agency in the directory with --from-directory.")
    vouched = None
    if card is not None:
        raw = read_bytes(card).strip()
        partners.refuse_own(read_card(raw), config_of(home).agency)  # before anybody is called
    else:
        with opened(home, unlock) as hub:
            vouched = vouched_card(hub.broker, hub.federation.place, listed or "")
        raw = vouched.card
    confirmed = told if told is not None else confirmed_card(read_card(raw), fingerprint(raw), confirm)
    with opened(home, unlock) as hub:
        with hub.store.read() as view:
            before = view.directory.partner(read_card(raw).agency)
        by_hand = _set_by_hand(before) if before else _ByHand()
        row = partners.pair(
            hub.broker,
            administrator(hub.config.agency),
            raw,
            confirmed_fingerprint=confirmed,
            url=None if by_courier else by_hand.url if url is None else url or None,
            by_courier=by_courier or (by_hand.by_courier and url is None),
            suites=[Suite(name) for name in suites] or by_hand.suites,
            via=by_hand.via if via is None else via or None,
            relay_for=relay_for or by_hand.relay_for,
            statement=None if vouched is None else vouched.statement,
            accept_fewer_suites=accept_fewer_suites,
        )
    return Answer(
        document=as_document(row),
        people=(f"{row.agency} is pinned.", facts(partner_facts(row))),
        then=(
            "hub partner card --out FILE      (the partner pins ours in the same way)",
            f"hub agreement adopt FILE         (nothing goes to {row.agency} without an agreement)",
        ),
    )


for command in (list_, show, suspend, resume, trust_of, approve_waiting, revocation):
    partner.add_command(command)


@dataclass(frozen=True, kw_only=True)
class _ByHand:
    """What was set for a partner beside what its card says."""

    url: str | None = None
    by_courier: bool = False
    suites: Sequence[Suite] | None = None
    via: str | None = None
    relay_for: tuple[str, ...] = ()


def _set_by_hand(row: PartnerRow) -> _ByHand:
    card = read_card(row.card)
    narrowed = set(row.suites) != {suite.value for suite in card.suites}
    return _ByHand(
        url=row.url if row.url != card.url else None,
        by_courier=row.url is None and card.url is not None,
        suites=[Suite(name) for name in row.suites] if narrowed else None,
        via=row.via,
        relay_for=row.relay_for,
    )
