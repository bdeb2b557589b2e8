"""`hub courier`: partners without a network between us, on media that are carried by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, table
from hub.cli.frame import Noun, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.codes import CODES
from hub.exchange.courier import Came, bring_in
from hub.exchange.courier import export as write_out
from hub.exchange.courier.importing import senders
from hub.exchange.courier.places import answers

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_FOLDER: Final = click.Path(path_type=Path, file_okay=False, resolve_path=True)


@click.group(cls=Noun)
def courier() -> None:
    """Carry sealed records to and from a hub that no network reaches."""


@trail(writes(Act.HELD, or_nothing="sealed bytes for a recipient that their release names"))
@courier.command("export", examples=("hub courier export sco-rats --to /media/courier",))
@click.argument("agency", metavar="PARTNER", help="Whom it is carried to.")
@click.option(
    "--to", "folder", metavar="DIR", type=_FOLDER, required=True, help="Where the medium is mounted."
)
@home_option
@unlock_option
def export(agency: str, folder: Path, home: Path, unlock: Unlock) -> Answer:
    """Write everything that waits for a partner onto a medium: envelopes, receipts, attachments.

    All of it is sealed or signed. What has no receipt yet is written each time, so a medium that is lost or
    comes late does no harm; what of ours lies on the medium and waits no more is removed from it. May be
    stopped and begun again. Pin the partner with `hub partner add --by-courier`, so that its lane does not
    call in vain.
    """
    from hub.bootstrap.carrying import kept_for, medium_in

    with opened(home, unlock) as hub:
        done = write_out(hub.broker, agency, medium_in(folder), kept_for(hub.config.home, agency))
    document = {
        "partner": agency,
        "envelopes": done.envelopes,
        "receipts": done.receipts,
        "attachments": done.attachments,
        "left": [{"envelope_id": name, "code": code} for name, code in done.left],
    }
    counted = f"{done.envelopes} envelopes, {done.receipts} receipts, {done.attachments} attachments"
    people = [f"Written for {agency}: {counted}."]
    if done.left:
        people.append(f"{len(done.left)} envelopes wait for their attachments ({done.left[0][1]}).")
    return Answer(
        document=document, people=tuple(people), then=(f"hub courier import {folder}   (at {agency})",)
    )


@trail(
    writes(
        *(Act.ADMITTED, Act.RELAYED, Act.ANSWERED, Act.ATTACHED, Act.RECEIPT_VERIFIED),
        or_nothing="a repeat gets its first receipt, and is confirmed once",
    )
)
@courier.command("import", examples=("hub courier import /media/courier",))
@click.argument("folder", metavar="DIR", type=_FOLDER, help="Where the medium is mounted.")
@home_option
@unlock_option
def bring(folder: Path, home: Path, unlock: Unlock) -> Answer:
    """Take what partners wrote onto a medium for us, and say what came of each thing.

    It passes the same gate as over a network. What was altered, is missing or is refused keeps nothing
    else out: exit code 1 says that there was such a thing. The medium may be read-only, old, or here for
    the second time. Receipts go back with the next export.
    """
    from hub.bootstrap.carrying import kept_for, medium_in

    medium = medium_in(folder)
    came: list[Came] = []
    waiting: dict[str, int] = {}
    with opened(home, unlock) as hub:
        for sender in senders(hub.broker, medium):
            kept = kept_for(hub.config.home, sender)
            came += bring_in(hub.broker, sender, medium, kept)
            waiting[sender] = len(answers(kept))
    wrong = [one for one in came if one.code is not None]
    cells = [(one.sender, one.what, one.name, one.code or "taken", one.sentence) for one in came]
    people = [f"{len(came) - len(wrong)} things were taken, {len(wrong)} were not."]
    return Answer(
        document={
            "came": [
                {
                    "from": one.sender,
                    "what": one.what,
                    "name": one.name,
                    "code": one.code,
                    "sentence": one.sentence,
                }
                for one in came
            ]
        },
        people=(*((table(("from", "what", "which", "came to", "why"), cells),) if came else ()), *people),
        then=tuple(f"hub courier export {name} --to {folder}" for name, count in waiting.items() if count),
        exit=CODES["books-differ"].exit if wrong else 0,
    )
