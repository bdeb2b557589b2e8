"""`hub parcel`: what came from partners without a hub and was refused, and parcels as evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, instant, table
from hub.cli.credentials import password_fd_option, sign_in
from hub.cli.files import new_folder
from hub.cli.frame import SOME_ID, Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.cli.record_naming import originator_option, record_argument
from hub.exchange.hubless.discarding import discard_parcels
from hub.exchange.hubless.retrying import retry_parcel
from hub.exchange.hubless.showing import ShownParcel, show_parcels

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_MOST: Final = 200


@click.group(cls=Noun)
def parcel() -> None:
    """Follow what moves between this hub and partners without one."""


@trail(writes_nothing("ids, codes and times; what is held is not opened"))
@parcel.command(examples=("hub parcel held",))
@home_option
@unlock_option
def held(home: Path, unlock: Unlock) -> Answer:
    """List parcels that came and were refused: the partner was told the code, and they are kept."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = view.hubless.held_intakes(limit=_MOST)
    if not rows:
        return Answer(document={"parcels": []}, people=("No parcel was refused.",))
    cells = [(row.agency, row.parcel_id, row.received_at, row.code, row.sentence) for row in rows]
    return Answer(
        document={
            "parcels": [
                {
                    "agency": row.agency,
                    "parcel_id": row.parcel_id,
                    "digest": row.digest.hex(),
                    "received_at": instant(row.received_at),
                    "code": row.code,
                    "sentence": row.sentence,
                    "acknowledged_at": instant(row.acknowledged_at),
                    "repeats": row.repeats,
                }
                for row in rows
            ]
        },
        people=(table(("from", "parcel", "came (UTC)", "code", "why"), cells),),
    )


@trail(writes(Act.EXPORTED))
@parcel.command(
    examples=(
        f'hub parcel export {SOME_ID} --out parcels --justification "case 2026/17: request of the court"',
    )
)
@record_argument
@click.option(
    "--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="A new folder for the files."
)
@click.option(
    "--justification", required=True, metavar="TEXT", help="Why, in 3 to 500 characters; it is logged."
)
@originator_option
@click.option(
    "--as",
    "officer",
    envvar="HUB_OFFICER",
    show_envvar=True,
    metavar="NAME",
    help="An auditor who signs in; without it, the system account at the console exports.",
)
@password_fd_option
@home_option
@unlock_option
def export(
    record_id: str,
    out: Path,
    justification: str,
    originator: str | None,
    officer: str | None,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Write out the parcels of a record: the bytes that moved, our signed statement, losses and receipts.

    They hold content and are readable by their owner alone. Whoever may not export the record as evidence is
    refused; the console, which holds every key, is not asked. What was erased is not there any more; digests
    and what the log says of the record stand in `hub evidence export`.
    """
    with opened(home, unlock) as hub:
        actor = (
            administrator(hub.config.agency) if officer is None else sign_in(hub.broker, officer, password_fd)
        )
        shown = show_parcels(hub.broker, actor, record_id, justification=justification, originator=originator)
    documents = [_document(one) for one in shown]
    index = json.dumps({"record_id": record_id, "parcels": documents}, indent=1).encode()
    files: dict[str, str | bytes] = {
        f"{one.parcel_id}.{what}": raw for one in shown for what, raw in one.files.items()
    }
    with new_folder(out, {"parcels.json": index, **files}) as written:
        count = len(written)
    return Answer(
        document={"record_id": record_id, "out": str(out), "parcels": documents},
        people=(f"{len(shown)} parcel{'s' * (len(shown) != 1)}, {count} files, are in {out}.",),
    )


def _document(one: ShownParcel) -> dict[str, object]:
    return {
        "parcel_id": one.parcel_id,
        "agency": one.agency,
        "version": one.version,
        "digest": one.digest,
        "dialect": one.dialect,
        "code": one.code,
        "signer": one.signer,
        "files": sorted(one.files),
    }


@trail(writes(Act.ERASED))
@parcel.command(examples=('hub parcel discard de-bka 0007.p7m --why "they sent it again, in order"',))
@click.argument("agency", help="The partner's id, like de-bka.")
@click.argument("parcel_id", metavar="PARCEL", help="The parcel's id, as `hub parcel held` shows it.")
@click.option("--why", required=True, metavar="TEXT", help="Why, in 3 to 500 characters; it is logged.")
@home_option
@unlock_option
def discard(agency: str, parcel_id: str, why: str, home: Path, unlock: Unlock) -> Answer:
    """Destroy what is kept of a parcel that was refused; that it came, and why it was refused, stays."""
    with opened(home, unlock) as hub:
        actor = administrator(hub.config.agency)
        count = len(discard_parcels(hub.broker, actor, agency, parcel_id, why=why))
    return Answer(
        document={"agency": agency, "parcel_id": parcel_id, "discarded": count},
        people=(f"What was kept of {parcel_id} is destroyed.",),
        then=("hub parcel held",),
    )


@trail(writes(Act.ADMITTED, Act.REFUSED))
@parcel.command(
    examples=('hub parcel retry de-bka 0007.p7m --why "the agreement of 3 May names this kind"',),
)
@click.argument("agency", help="The partner's id, like de-bka.")
@click.argument("parcel_id", metavar="PARCEL", help="The parcel's id, as `hub parcel held` shows it.")
@click.option("--why", required=True, metavar="TEXT", help="Why, in 3 to 500 characters; it is logged.")
@home_option
@unlock_option
def retry(agency: str, parcel_id: str, why: str, home: Path, unlock: Unlock) -> Answer:
    """Weigh a refused parcel again, under the profile and the agreements of now.

    The partner was told its refusal: tell it that it was taken after all.
    """
    with opened(home, unlock) as hub:
        actor = administrator(hub.config.agency)
        row = retry_parcel(hub.broker, actor, agency, parcel_id, why=why)
    return Answer(
        document={
            "agency": agency,
            "parcel_id": parcel_id,
            "record_id": row.record_id,
            "version": row.version,
        },
        people=(f"{parcel_id} is taken, as record {row.record_id}.",),
        then=(f"hub record trace {row.record_id}",),
    )
