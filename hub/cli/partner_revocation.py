"""`hub partner revocation`: how a partner's certificates are checked, and what is known of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, facts, instant
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.exchange.partners import find_partner
from hub.exchange.revocation.rules import set_rule
from hub.federation.revocation import Revocation, RevocationPolicy
from hub.federation.trust import Pinned

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_POLICIES = [policy.value for policy in RevocationPolicy]


@trail(
    writes(
        Act.PARTNER_CHANGED, or_nothing="without options it shows what is known, which is public certificates"
    )
)
@leaf(
    examples=(
        "hub partner revocation cis-atc",
        "hub partner revocation de-bka --policy prefer",
        "hub partner revocation de-bka --crl http://ca.example/bka.crl --ocsp http://ca.example/ocsp",
    )
)
@click.argument("agency", help="Its id, like cis-atc.")
@click.option(
    "--policy",
    type=click.Choice([*_POLICIES, "card"]),
    help="require refuses what cannot be checked, prefer takes it, none-published takes it and does not "
    "ask, card goes back to what its card says.",
)
@click.option("--crl", "crls", multiple=True, metavar="URL", help="Fetch its CRL here; may be repeated.")
@click.option("--ocsp", "ocsps", multiple=True, metavar="URL", help="Ask OCSP here; may be repeated.")
@home_option
@unlock_option
def revocation(
    agency: str,
    policy: str | None,
    crls: tuple[str, ...],
    ocsps: tuple[str, ...],
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Show how a partner's certificates are checked, or set it.

    Without a rule its card decides: where it says who publishes what was revoked, nothing that cannot be
    checked is taken, in either direction.
    """
    with opened(home, unlock) as hub:
        if policy or crls or ocsps:
            chosen = RevocationPolicy(policy) if policy in _POLICIES else None
            set_rule(
                hub.broker,
                administrator(hub.config.agency),
                agency,
                policy=chosen,
                crl=crls,
                ocsp=ocsps,
            )
        with hub.store.read() as view:
            find_partner(view, agency)
        at = hub.broker.clock.now()
        pinned = hub.trust.current(at).partners[agency]
    return Answer(document=as_document(pinned, at), people=(facts(as_facts(pinned, at)),))


def as_document(pinned: Pinned, at: datetime) -> dict[str, object]:
    """Return what is known of a partner's revocation for machines."""
    held = pinned.revocation
    return {
        "policy": held.policy.value,
        "standing": standing(held, at),
        "pending_until": instant(max(held.pending.values(), default=None)),
        "lists": [
            {
                "authority": authority,
                "this_update": instant(one.crl.this_update),
                "believed_until": instant(one.until),
                "revoked": len(one.crl.crl),
                "digest": one.digest,
            }
            for authority, one in held.lists.items()
        ],
        "answers": [
            {
                "authority": authority,
                "serial": f"{serial:x}",
                "good": one.good,
                "revoked": one.revoked,
                "believed_until": instant(one.until),
                "digest": one.digest,
            }
            for (authority, serial), one in held.answers.items()
        ],
    }


def as_facts(pinned: Pinned, at: datetime) -> dict[str, object]:
    """Return the same for people, in a few words."""
    held = pinned.revocation
    return {
        "revocation policy": held.policy.value,
        "revocation known": standing(held, at),
        "lists believed until (UTC)": [one.until for one in held.lists.values()],
        "answers believed until (UTC)": [one.until for one in held.answers.values()],
    }


def standing(held: Revocation, at: datetime) -> str:
    """Return in a word how well a partner's certificates can be checked now."""
    if held.policy is RevocationPolicy.NONE_PUBLISHED:
        return "none published"
    ends = [one.until for one in held.lists.values()] + [one.until for one in held.answers.values()]
    if any(at <= until for until in ends):
        return "fresh"
    if not ends and any(at <= until for until in held.pending.values()):
        return "pending"
    return "stale" if ends else "unknown"
