"""`hub directory init`, `propose` and `approve`: changes of a directory, which its founders sign."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer
from hub.cli.card_words import confirmed_card, typed_words
from hub.cli.files import read_bytes, write_bytes
from hub.cli.frame import leaf, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.errors import Refused
from hub.exchange.directory import approving, joining
from hub.exchange.directory.approving import Reviewed
from hub.federation.card import words
from hub.federation.directory.changes import CHANGE_MAX_BYTES, read_change, write_change
from hub.federation.directory.joining import read_joining
from hub.federation.directory.proposing import Wish

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub
    from hub.bootstrap.secrets import Unlock

_new_file = click.Path(path_type=Path, dir_okay=False)
_output = click.option(
    "-o", "--output", metavar="FILE", required=True, type=_new_file, help="Write the file to pass on here."
)
root_key_option = click.option(
    "--root-key", metavar="FILE", type=_new_file, help="Our root key lies in this file, not in the key store."
)
_confirm = click.option(
    "--confirm",
    multiple=True,
    metavar="WORDS",
    help="The twelve words of an agency's card that is not pinned here; may be repeated.",
)


@trail(writes(Act.DIRECTORY_CHANGED))
@leaf(
    examples=(
        "hub directory init cis-directory --needed 2 --founder kg.join --founder tj.join -o found.change",
    )
)
@click.argument("name", help="What the directory is called, like cis-directory.")
@click.option(
    "--needed", required=True, type=click.IntRange(1), metavar="N", help="How many founders decide."
)
@click.option(
    "--founder", "founders", multiple=True, metavar="FILE", help="Another founder's request; may be repeated."
)
@click.option("--add", multiple=True, metavar="FILE", help="A participant's request; may be repeated.")
@root_key_option
@_confirm
@_output
@home_option
@unlock_option
def init(
    name: str,
    needed: int,
    founders: tuple[str, ...],
    add: tuple[str, ...],
    root_key: Path | None,
    confirm: tuple[str, ...],
    output: Path,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Found a directory with others: make our root key, and write what they approve and one publishes.

    More than half of the founders are needed for each change, so that no two groups of them can part.
    """
    _refuse_existing(output)
    with opened(home, unlock) as hub:
        if hub.federation.place.joined:
            raise Refused(
                "conflict", "This hub follows a directory already; `hub directory status` shows it."
            )
        ours = joining.ask_to_join(
            hub.broker,
            hub.federation.keys,
            hub.federation.place,
            administrator(hub.config.agency),
            hub.kept_card(),
            founder=True,
            outside=root_key,
        )
        found = (ours, *map(_request, founders))
        wish = Wish(name=name, needed=needed, found=found, add=tuple(map(_request, add)))
        return _proposed(hub, wish, confirm, root_key, output)


@trail(writes(Act.DIRECTORY_CHANGED))
@leaf(
    examples=(
        "hub directory propose --add tj.join -o tj.change",
        "hub directory propose --founder uz.join --needed 3 -o uz.change",
        "hub directory propose --suspend xx-agency -o suspend.change",
        "hub directory propose -o renewal.change",
    )
)
@click.option(
    "--add", multiple=True, metavar="FILE", help="Take in a participant, or its new keys; may be repeated."
)
@click.option(
    "--founder",
    "founders",
    multiple=True,
    metavar="FILE",
    help="Give root keys, or new ones; may be repeated.",
)
@click.option("--remove", multiple=True, metavar="AGENCY", help="A participant leaves; may be repeated.")
@click.option("--demote", multiple=True, metavar="AGENCY", help="A founder gives up its root keys.")
@click.option("--suspend", multiple=True, metavar="AGENCY", help="Warn everybody of a participant.")
@click.option("--restore", multiple=True, metavar="AGENCY", help="Take such a warning back.")
@click.option("--needed", type=click.IntRange(1), metavar="N", help="So many founders decide from then on.")
@root_key_option
@_confirm
@_output
@home_option
@unlock_option
def propose(
    add: tuple[str, ...],
    founders: tuple[str, ...],
    remove: tuple[str, ...],
    demote: tuple[str, ...],
    suspend: tuple[str, ...],
    restore: tuple[str, ...],
    needed: int | None,
    root_key: Path | None,
    confirm: tuple[str, ...],
    output: Path,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Write a change of the directory, signed by us where we are a founder, for other founders to approve.

    Each change renews the list of participants for a year, and the root when half of its year is over.
    Without any option that is all it does.
    """
    _refuse_existing(output)
    wish = Wish(
        needed=needed,
        add=tuple(map(_request, add)),
        found=tuple(map(_request, founders)),
        remove=remove,
        demote=demote,
        suspend=suspend,
        restore=restore,
    )
    with opened(home, unlock) as hub:
        return _proposed(hub, wish, confirm, root_key, output)


def _proposed(hub: Hub, wish: Wish, confirm: Sequence[str], root_key: Path | None, output: Path) -> Answer:
    requests = {read_joining(raw).agency: raw for raw in (*wish.add, *wish.found)}
    reviewed = approving.propose(
        hub.broker,
        hub.federation.keys,
        hub.federation.place,
        administrator(hub.config.agency),
        wish,
        confirmed=_confirmed(hub, requests, confirm),
        outside=root_key,
    )
    return _passed_on(reviewed, output)


@trail(writes(Act.DIRECTORY_CHANGED))
@leaf(
    examples=(
        "hub directory approve tj.change -o tj-approved.change",
        "hub directory approve tj.change -o tj-approved.change --root-key /media/safe/root.key",
    )
)
@click.argument("change", metavar="FILE", help="The change, as another founder sent it.")
@click.option("--yes", is_flag=True, help="Sign without asking: you have read what it does.")
@root_key_option
@_confirm
@_output
@home_option
@unlock_option
def approve(
    change: str,
    yes: bool,
    root_key: Path | None,
    confirm: tuple[str, ...],
    output: Path,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Read what a change does, and sign it with our root key."""
    _refuse_existing(output)
    proposed = read_change(read_bytes(change, max_bytes=CHANGE_MAX_BYTES))
    with opened(home, unlock) as hub:
        place = hub.federation.place
        seen = approving.review(hub.broker, place, proposed)
        confirmed = _confirmed(hub, proposed.requests, confirm)
        if not yes:
            click.echo(
                "\n".join(("This change does the following:", *(f"  {one}" for one in seen.says))), err=True
            )
            if not click.confirm("Sign it?", err=True):
                raise Refused("pin-not-confirmed", "Nothing was signed.")
        reviewed = approving.approve(
            hub.broker,
            hub.federation.keys,
            place,
            administrator(hub.config.agency),
            proposed,
            confirmed=confirmed,
            outside=root_key,
        )
    return _passed_on(reviewed, output)


def _passed_on(reviewed: Reviewed, output: Path) -> Answer:
    write_bytes(output, write_change(reviewed.change))
    done = reviewed.approvals
    people = [
        *reviewed.says,
        f"Signed by {', '.join(done.signed) or 'nobody'}; {done.needed} are needed.",
        f"The change is in {output}.",
    ]
    then = (
        (f"hub directory publish {output}      (at one founder)",)
        if done.enough
        else (f"hub directory approve {output} -o FILE      (at {', '.join(done.missing)})",)
    )
    document = {
        "change": str(output),
        "says": list(reviewed.says),
        "signed": list(done.signed),
        "missing": list(done.missing),
        "needed": done.needed,
        "enough": done.enough,
    }
    return Answer(document=document, people=people, then=then)


def _confirmed(hub: Hub, requests: Mapping[str, bytes], typed: Sequence[str]) -> Collection[str]:
    """Return the fingerprints of strangers' cards that a person has compared, asking for those not given."""
    given = [tuple(typed_words(one, 12)) for one in typed]
    found = []
    for agency, seen in approving.strangers(hub.broker, requests).items():
        if words(seen) not in given:
            confirmed_card(read_joining(requests[agency]).said.card, seen, None)
        found.append(seen)
    return found


def _request(name: str) -> bytes:
    return read_bytes(name).strip()


def _refuse_existing(output: Path) -> None:
    if output.exists():
        raise Refused("file-exists", f"{output} is there already; it is not overwritten.")
