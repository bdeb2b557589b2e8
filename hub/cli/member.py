"""`hub member`: the domestic agencies whose systems call this hub, each with one certificate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.files import new_folder, read_bytes
from hub.cli.frame import Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.entries import MemberRow
from hub.exchange import members

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub
    from hub.bootstrap.secrets import Unlock

csr_option: Final = click.option(
    "--csr",
    metavar="FILE",
    help="The member's certificate request, so that its key stays with it. Without it a key is made here.",
)
out_option: Final = click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A new folder for what the member's system needs; only you can read it.",
)


@click.group(cls=Noun)
def member() -> None:
    """Admit the domestic agencies whose systems submit and collect records here."""


@trail(writes(Act.MEMBER_CHANGED, Act.KEY_CHANGED))
@member.command(
    examples=(
        "hub member add kz-mvd --name 'Ministry of Internal Affairs' --scope 'collect:*' --out kz-mvd",
        "hub member add kz-nbk --scope submit:suspicious-transaction --csr kz-nbk.csr --out kz-nbk",
    )
)
@click.argument("agency", help="Its id, like kz-mvd.")
@click.option("--name", metavar="TEXT", help="What people call it; without it, its id.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="submit:KIND or collect:KIND, * for every kind; may be repeated.",
)
@csr_option
@out_option
@home_option
@unlock_option
def add(
    agency: str,
    name: str | None,
    scopes: tuple[str, ...],
    csr: str | None,
    out: Path,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Admit a member and write the certificate of its systems, with a new key unless it sent a request.

    By the console alone, refused unless hub.toml says `unsafe_member_enrolment_alone = true`: otherwise
    `hub ca request` by one custodian and `hub ca issue` by another admit it.
    """

    def register(hub: Hub, certificate_pem: str) -> MemberRow:
        return members.add_member(
            hub.broker,
            administrator(hub.config.agency),
            agency=agency,
            name=name or agency,
            certificate_pem=certificate_pem,
            scopes=scopes,
        )

    return _certified(agency, csr, out, home, unlock, register, f"{agency} is a member.")


@trail(writes(Act.MEMBER_CHANGED, Act.KEY_CHANGED))
@member.command(examples=("hub member renew kz-mvd --out kz-mvd-2027",))
@click.argument("agency", help="Its id, like kz-mvd.")
@csr_option
@out_option
@home_option
@unlock_option
def renew(agency: str, csr: str | None, out: Path, home: Path, unlock: Unlock) -> Answer:
    """Give a member a new certificate, before the year is over or when its key was lost.

    The one before is refused from now on. By the console alone, as `hub member add`.
    """

    def register(hub: Hub, certificate_pem: str) -> MemberRow:
        return members.replace_certificate(
            hub.broker, administrator(hub.config.agency), agency, certificate_pem
        )

    return _certified(agency, csr, out, home, unlock, register, f"{agency} has a new certificate.")


@trail(writes_nothing("the directory, and nobody that a record is about"))
@member.command("list", examples=("hub member list",))
@home_option
@unlock_option
def list_(home: Path, unlock: Unlock) -> Answer:
    """List the members with what their systems may do."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = view.directory.members()
    if not rows:
        return Answer(
            document={"members": []},
            people=("There is no member yet.",),
            then=("hub ca request AGENCY --csr FILE --scope 'collect:*' --as CUSTODIAN",),
        )
    columns = ("member", "name", "status", "scopes", "since (UTC)")
    cells = [(r.agency, r.name, r.status.value, r.scopes, r.added_at) for r in rows]
    return Answer(document={"members": [as_document(r) for r in rows]}, people=(table(columns, cells),))


@trail(writes(Act.MEMBER_CHANGED))
@member.command(examples=("hub member scopes kz-mvd --scope 'collect:*' --scope submit:border-hit",))
@click.argument("agency", help="Its id, like kz-mvd.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="submit:KIND or collect:KIND, * for every kind; may be repeated. All others end.",
)
@home_option
@unlock_option
def scopes(agency: str, scopes: tuple[str, ...], home: Path, unlock: Unlock) -> Answer:
    """Set what a member's systems may submit and collect."""
    with opened(home, unlock) as hub:
        row = members.change_scopes(hub.broker, administrator(hub.config.agency), agency, scopes)
    return Answer(document=as_document(row), people=(f"{agency} may now: {', '.join(row.scopes)}.",))


@trail(writes(Act.MEMBER_CHANGED))
@member.command(examples=("hub member suspend kz-mvd",))
@click.argument("agency", help="Its id, like kz-mvd.")
@home_option
@unlock_option
def suspend(agency: str, home: Path, unlock: Unlock) -> Answer:
    """Stop a member's traffic; its systems are refused until it is resumed."""
    with opened(home, unlock) as hub:
        row = members.suspend(hub.broker, administrator(hub.config.agency), agency)
    return Answer(
        document=as_document(row),
        people=(f"{agency} is suspended: its systems are refused.",),
        then=(f"hub member resume {agency}",),
    )


@trail(writes(Act.MEMBER_CHANGED))
@member.command(examples=("hub member resume kz-mvd",))
@click.argument("agency", help="Its id, like kz-mvd.")
@home_option
@unlock_option
def resume(agency: str, home: Path, unlock: Unlock) -> Answer:
    """Let a suspended member's traffic flow again."""
    with opened(home, unlock) as hub:
        row = members.resume(hub.broker, administrator(hub.config.agency), agency)
    return Answer(document=as_document(row), people=(f"{agency} is active.",))


def as_document(row: MemberRow) -> dict[str, object]:
    """Return a member for machines."""
    return {
        "agency": row.agency,
        "name": row.name,
        "status": row.status.value,
        "scopes": list(row.scopes),
        "certificate_thumbprint": row.certificate_thumbprint,
        "added_at": instant(row.added_at),
    }


def _certified(
    agency: str,
    csr: str | None,
    out: Path,
    home: Path,
    unlock: Unlock,
    register: Callable[[Hub, str], MemberRow],
    sentence: str,
) -> Answer:
    """Issue a certificate, write it and register it: all of it, or no file and no change."""
    request = None if csr is None else read_bytes(csr)
    with opened(home, unlock) as hub:
        issued = hub.enrol(agency, csr_pem=request)
        files: Mapping[str, str | None] = {
            "certificate.pem": issued.certificate_pem,
            "key.pem": issued.key_pem,
            "authority.pem": hub.leaf.server_authorities(),
        }
        with new_folder(out, {name: text for name, text in files.items() if text is not None}) as written:
            row = register(hub, issued.certificate_pem)
        url = hub.config.public_url
    return Answer(
        document={**as_document(row), "files": {path.stem: str(path) for path in written}, "url": url},
        people=(
            sentence,
            facts({path.name: path for path in written} | {"calls": url, "may": row.scopes}),
            *(("Hand the key over safely, and delete it here: it is kept nowhere else.",) * (csr is None)),
        ),
        then=(f"{url}/docs      (how its systems get a token, submit and collect)",),
    )
