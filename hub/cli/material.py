"""`hub material`: the keys, certificates and secrets that the profiles of partners without a hub name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, instant, table
from hub.cli.files import read_bytes
from hub.cli.frame import Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.entries import MaterialRow
from hub.exchange.hubless.pinning import MATERIAL_MAX_BYTES, SORTS, put_material

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@click.group(cls=Noun)
def material() -> None:
    """Keep what the seals and carriers of partners without a hub need."""


@trail(writes(Act.PARTNER_CHANGED))
@material.command(
    examples=(
        "hub material put de-bka sign-key --key sign.pem",
        "hub material put de-bka their-certificate --certificates bka.pem",
        "hub material put de-bka mail-password --secret - < password",
    )
)
@click.argument("agency", help="The partner's id, like de-bka.")
@click.argument("name", help="The name that the partner's profile gives it.")
@click.option("--key", metavar="FILE", help="A private key of ours (PEM, without a password).")
@click.option("--certificates", metavar="FILE", help="Certificates (PEM): the leaf first, or authorities.")
@click.option("--secret", metavar="FILE", help="A password or token, without the line's end.")
@home_option
@unlock_option
def put(
    agency: str,
    name: str,
    key: str | None,
    certificates: str | None,
    secret: str | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Take in a key, certificates or a secret for one partner, from a file or - for standard input.

    It is stored encrypted under a key of its own, and what it replaces is destroyed. A key and its
    certificates share a name. It may be put before the profile is pinned, and must be where the profile
    names it.
    """
    given = {sort: file for sort, file in zip(SORTS, (key, certificates, secret), strict=True) if file}
    if len(given) != 1:
        raise click.UsageError("Give one of --key, --certificates and --secret.")
    ((sort, file),) = given.items()
    content = read_bytes(file, max_bytes=MATERIAL_MAX_BYTES)
    if sort == "secret":
        content = content.rstrip(b"\r\n")
    with opened(home, unlock) as hub:
        row = put_material(hub.broker, administrator(hub.config.agency), agency, name, sort, content)
    return Answer(
        document=_document(row),
        people=(f"{name} is held for {agency}.",),
        then=(f"hub material list {agency}",),
    )


@trail(writes_nothing("names and fingerprints; what is held is never shown"))
@material.command("list", examples=("hub material list de-bka",))
@click.argument("agency", help="The partner's id, like de-bka.")
@home_option
@unlock_option
def list_(agency: str, home: Path, unlock: Unlock) -> Answer:
    """List what is held for a partner, by name."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = view.hubless.materials(agency)
    if not rows:
        return Answer(document={"materials": []}, people=(f"Nothing is held for {agency}.",))
    cells = [(row.name, row.sort, row.fingerprint or "–", row.put_at, row.put_by) for row in rows]
    columns = ("name", "sort", "fingerprint (SHA-256)", "put (UTC)", "put by")
    return Answer(document={"materials": [_document(row) for row in rows]}, people=(table(columns, cells),))


def _document(row: MaterialRow) -> dict[str, object]:
    return {
        "agency": row.agency,
        "name": row.name,
        "sort": row.sort,
        "fingerprint": row.fingerprint or None,
        "put_at": instant(row.put_at),
        "put_by": row.put_by,
    }
