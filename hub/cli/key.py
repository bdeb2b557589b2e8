"""`hub key`: which keys this hub has, and the steps that custodians take with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from rich.console import RenderableType

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.frame import SOME_ID, Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.cli.key_backup import backup, restore
from hub.cli.key_ceremony import ceremony
from hub.cli.key_doctor import doctor
from hub.cli.key_giving_up import affected_by, give_up
from hub.cli.key_relock import relock
from hub.errors import Refused
from hub.exchange.cards.telling import unaware
from hub.exchange.keys.changing import retire, rotate
from hub.exchange.keys.rewrapping import rewrapping_of
from hub.exchange.keys.rules import RULES
from hub.ports import KeyFacts

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub
    from hub.bootstrap.secrets import Unlock

#: The key of the certificate that the hub answers and calls with, which lies in the certificate's file.
TLS_LEAF: Final = "tls-leaf"
#: The authority above it, which is exchanged in three steps.
TLS_AUTHORITY: Final = "tls-authority"


@click.group(cls=Noun)
def key() -> None:
    """See this hub's keys, and rotate, retire or give them up."""


@trail(writes_nothing("ids, states and thumbprints of our own keys"))
@key.command("list", examples=("hub key list", "hub key list --json"))
@home_option
@unlock_option
def list_keys(home: Path, unlock: Unlock) -> Answer:
    """List every key there ever was: its purpose, state, since when, and where it lies.

    Below: the partners that have not confirmed our present card, and those whose next card waits for
    `hub partner approve-card`; how far bodies are wrapped anew after a change of the master key; and keys
    that no backup has.
    """
    from hub.bootstrap.backing_up import covered_keys

    with opened(home, unlock) as hub:
        made_at, covered = covered_keys(hub.config.keys_dir)
        master = hub.keyring.master_key()
        keys, leaf = hub.custody.inventory(), _leaf(hub.keyring.tls_files().certificate)
        missing = unaware(hub.broker)
        with hub.store.read() as view:
            waiting = [row.agency for row in view.introductions.all() if row.waiting is not None]
            rewrapping = rewrapping_of(view, master)
    lacking = [k for k in keys if k.where == "file" and k.destroyed_at is None and k.key_id not in covered]
    document = {
        "keys": [*map(as_document, keys), _leaf_document(leaf)],
        "unaware": list(missing),
        "waiting_cards": waiting,
        "backed_up_at": instant(made_at),
        "not_backed_up": [key.key_id for key in lacking],
        "rewrapping": {"done": rewrapping.done, "rewrapped": rewrapping.rewrapped},
    }
    columns = ("purpose", "state", "since (UTC)", "lies in", "id", "thumbprint", "logged")
    rows = [(k.purpose, k.state, k.since, k.where, k.key_id, k.kid, k.logged) for k in keys]
    rows.append((TLS_LEAF, "current", leaf.not_valid_before_utc, "file", "tls.pem", _print_of(leaf), True))
    lines: list[RenderableType] = [table(columns, rows)]
    if not rewrapping.done:
        lines.append(
            f"Stored keys hang on an older master key; {rewrapping.rewrapped} are wrapped anew so far. "
            "A serving hub goes on by itself."
        )
    if lacking:
        lines.append(f"No backup has {len(lacking)} of these keys: `hub key backup`.")
    if missing:
        lines.append(f"They have not confirmed our present card yet: {', '.join(missing)}.")
    if waiting:
        lines.append(f"Their next card waits for you: {', '.join(waiting)}.")
    then = tuple(f"hub partner approve-card {agency}" for agency in waiting)
    return Answer(document=document, people=lines, then=then)


@trail(writes(Act.KEY_CHANGED, or_nothing="the next key is made already"))
@key.command(
    "rotate",
    examples=(
        "hub key rotate sign-es256",
        "hub key rotate decrypt-xwing --now",
        "hub key rotate tls-leaf --host-name hub.knb.example",
        "hub key rotate tls-authority",
    ),
)
@click.argument(
    "purpose",
    metavar="PURPOSE",
    type=click.Choice([*RULES, TLS_LEAF, TLS_AUTHORITY]),
    help="What the key is for.",
)
@click.option("--now", is_flag=True, help="Take it into use at once, before partners know it.")
@click.option(
    "--host-name", "host_names", multiple=True, metavar="NAME", help="For tls-leaf: these names, not the old."
)
@home_option
@unlock_option
def rotate_key(purpose: str, now: bool, host_names: tuple[str, ...], home: Path, unlock: Unlock) -> Answer:
    """Make the next key of a purpose; a serving hub takes it into use by itself.

    It tells partners of the card that shows the key, and waits until they have it, or for as long as
    `key_overlap_s` in hub.toml says. The key of before is kept for what is under way until `hub key retire`.
    With --now nothing waits: what a partner cannot verify yet it takes later, once it has our card. The
    certificate, `tls-leaf`, is replaced at once: partners have pinned the authority above it. Of that one,
    `tls-authority`, the next is made, as by `hub ca init`; it issues after `hub ca switch`.
    """
    if purpose == TLS_LEAF:
        return _renewed(home, unlock, host_names)
    if purpose == TLS_AUTHORITY:
        return _next_authority(home, unlock, now=now)
    with opened(home, unlock) as hub:
        done = rotate(hub.broker, hub.custody, administrator(hub.config.agency), purpose, now=now)
    people = (
        f"The new {purpose} key is in use; the one of before is kept."
        if done.now
        else f"The next {purpose} key is made. A serving hub takes it into use once partners know it."
    )
    return Answer(
        document={"key": as_document(done.fresh), "before": as_document(done.before), "now": done.now},
        people=(people, facts(_facts(done.fresh))),
        then=("hub key list", f"hub key retire {purpose}") if done.now else ("hub key list",),
    )


@trail(writes(Act.KEY_CHANGED))
@key.command(
    "retire",
    examples=("hub key retire sign-es256", f"hub key retire {SOME_ID} --give-up-old"),
)
@click.argument("which", help="A purpose, for all its kept keys, or the id of one key.")
@click.option(
    "--give-up-old", is_flag=True, help="Destroy it although records that are held here are sealed to it."
)
@home_option
@unlock_option
def retire_key(which: str, give_up_old: bool, home: Path, unlock: Unlock) -> Answer:
    """Destroy the private half of keys that are kept; the public half stays on record.

    For `tls-authority` it is what `hub ca retire` does.
    Refused while what was made with a key may be under way, and, for a key that opens records held here,
    without --give-up-old: evidence on those could show their content no more.
    """
    with opened(home, unlock) as hub:
        actor = administrator(hub.config.agency)
        if which == TLS_AUTHORITY:
            ids = hub.authority.retire(actor)
            ended: Sequence[KeyFacts] = [one for one in hub.custody.inventory() if one.key_id in ids]
        else:
            ended = retire(hub.broker, hub.custody, actor, which, give_up_old=give_up_old)
    return Answer(
        document={"keys": [as_document(one) for one in ended]},
        people=tuple(f"The {one.purpose} key {one.key_id} is destroyed." for one in ended),
    )


def _next_authority(home: Path, unlock: Unlock, *, now: bool) -> Answer:
    if now:
        raise Refused(
            "command-invalid",
            "An authority that partners do not know shuts us out: make it without --now; it issues after "
            "`hub ca switch`, which names the partners that lack our card.",
        )
    with opened(home, unlock) as hub:
        before = _present_authority(hub)
        made = hub.authority.make_next(administrator(hub.config.agency))
        fresh = next(one for one in hub.custody.inventory() if one.key_id == made.entry.key_id)
    return Answer(
        document={"key": as_document(fresh), "before": as_document(before), "now": False},
        people=("The next authority is made, and stands on our card.", facts(_facts(fresh))),
        then=("hub key list", "hub ca switch      (once partners have our card)"),
    )


def _present_authority(hub: Hub) -> KeyFacts:
    found = [one for one in hub.custody.inventory() if one.purpose == TLS_AUTHORITY]
    return next(one for one in found if one.state == "current")


for _command in (ceremony, give_up, affected_by, backup, restore, relock, doctor):
    key.add_command(_command)


def as_document(key: KeyFacts) -> dict[str, object]:
    """Return a key for machines."""
    return {
        "id": key.key_id,
        "purpose": key.purpose,
        "state": key.state,
        "since": instant(key.since),
        "made_at": instant(key.made_at),
        "used_from": instant(key.used_from),
        "used_until": instant(key.used_until),
        "destroyed_at": instant(key.destroyed_at),
        "where": key.where,
        "thumbprint": key.kid,
        "why": key.why,
        "logged": key.logged,
    }


def _facts(key: KeyFacts) -> dict[str, object]:
    return {"id": key.key_id, "state": key.state, "lies in": key.where, "thumbprint": key.kid}


def _renewed(home: Path, unlock: Unlock, host_names: Sequence[str]) -> Answer:
    from hub.bootstrap.making import renew_tls

    leaf = renew_tls(home, unlock=unlock, host_names=host_names)
    until: datetime = leaf.not_valid_after_utc
    return Answer(
        document={"key": _leaf_document(leaf), "now": True},
        people=(f"The new certificate is valid until {until:%Y-%m-%d}.",),
    )


def _leaf(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _print_of(leaf: x509.Certificate) -> str:
    return leaf.fingerprint(hashes.SHA256()).hex()


def _leaf_document(leaf: x509.Certificate) -> dict[str, object]:
    return {
        "id": "tls.pem",
        "purpose": TLS_LEAF,
        "state": "current",
        "since": instant(leaf.not_valid_before_utc),
        "valid_until": instant(leaf.not_valid_after_utc),
        "where": "file",
        "thumbprint": _print_of(leaf),
    }
