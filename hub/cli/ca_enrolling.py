"""`hub ca request`, `issue` and `reject`: certificates for members' systems by two custodians."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.credentials import officer_options, sign_in
from hub.cli.files import new_folder, read_bytes
from hub.cli.frame import SOME_ID, leaf, trail
from hub.cli.home import home_option, opened, unlock_option
from hub.entries import EnrolmentRow
from hub.exchange.certificates.enrolling import (
    issue_requested,
    reject_request,
    request_certificate,
    waiting_requests,
)

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock


@trail(writes(Act.MEMBER_CHANGED, Act.LOGIN))
@leaf(
    examples=(
        "hub ca request kz-mvd --csr kz-mvd.csr --as askar",
        "hub ca request kz-nbk --csr kz-nbk.csr --scope 'collect:*' --as askar",
    )
)
@click.argument("agency", help="The member's id, like kz-mvd.")
@click.option(
    "--csr", required=True, metavar="FILE", help="The request that its system made: PKCS #10 in PEM."
)
@click.option("--name", default="", metavar="TEXT", help="What people call a new member.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="What a new member's systems may do; may be repeated.",
)
@officer_options
@home_option
@unlock_option
def request(
    agency: str,
    csr: str,
    name: str,
    scopes: tuple[str, ...],
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Ask for a certificate for a member's system; another custodian issues it."""
    raw = read_bytes(csr)
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = request_certificate(
            hub.broker,
            actor,
            agency=agency,
            name=name,
            scopes=scopes,
            request=raw,
            check=hub.authority.check_request,
        )
    return Answer(
        document=as_document(row),
        people=(f"The request {row.enrolment_id} for {agency} waits for another custodian.",),
        then=(f"hub ca issue {row.enrolment_id} --out {agency} --as SOMEBODY",),
    )


@trail(writes_nothing("requests for certificates, which hold public keys"))
@leaf(examples=("hub ca requests",))
@home_option
@unlock_option
def requests(home: Path, unlock: Unlock) -> Answer:
    """List the requests for certificates that wait for a second custodian."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = waiting_requests(view)
    columns = ("request", "for", "asked by", "asked (UTC)")
    cells = [(r.enrolment_id, r.agency, r.requested_by, r.requested_at) for r in rows]
    return Answer(
        document={"requests": [as_document(r) for r in rows]},
        people=(table(columns, cells),) if rows else ("No request waits.",),
    )


@trail(writes(Act.MEMBER_CHANGED, Act.KEY_CHANGED, Act.LOGIN))
@leaf(examples=(f"hub ca issue {SOME_ID} --out kz-mvd --as dana",))
@click.argument("request_id", metavar="REQUEST", help="The request's id.")
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A new folder for the certificate and our authority's.",
)
@officer_options
@home_option
@unlock_option
def issue(
    request_id: str, out: Path, officer: str, password_fd: int | None, home: Path, unlock: Unlock
) -> Answer:
    """Issue the certificate that another custodian asked for, and register it for the member.

    The certificate that the member had before is refused from now on.
    """
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        files = {"authority.pem": hub.leaf.server_authorities()}
        with new_folder(out, files):
            row, pem = issue_requested(hub.broker, actor, request_id, issue=hub.authority.issue_member)
            (out / "certificate.pem").write_text(pem, encoding="ascii")
    return Answer(
        document=as_document(row) | {"folder": str(out)},
        people=(f"{row.agency} has a new certificate.", facts({"folder": out, "asked by": row.requested_by})),
    )


@trail(writes(Act.MEMBER_CHANGED, Act.LOGIN))
@leaf(examples=(f"hub ca reject {SOME_ID} --as dana",))
@click.argument("request_id", metavar="REQUEST", help="The request's id.")
@officer_options
@home_option
@unlock_option
def reject(request_id: str, officer: str, password_fd: int | None, home: Path, unlock: Unlock) -> Answer:
    """Turn a request for a certificate down; who asked may take it back so too."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = reject_request(hub.broker, actor, request_id)
    return Answer(document=as_document(row), people=(f"The request for {row.agency} is rejected.",))


def as_document(row: EnrolmentRow) -> dict[str, object]:
    """Return a request for machines."""
    return {
        "request": row.enrolment_id,
        "agency": row.agency,
        "name": row.name,
        "scopes": list(row.scopes),
        "state": row.state,
        "requested_by": row.requested_by,
        "requested_at": instant(row.requested_at),
        "decided_by": row.decided_by,
        "decided_at": instant(row.decided_at),
        "thumbprint": row.thumbprint,
    }
