"""`hub ca`: our certificate authority: what it issued, revoked, and says of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.ca_enrolling import issue, reject, request, requests
from hub.cli.ca_exchanging import foreign_install, foreign_request, init, retire, switch
from hub.cli.files import new_folder, read_bytes, write_bytes
from hub.cli.frame import SOME_DIGEST, Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.entries import CertificateRow
from hub.exchange.certificates.expiring import endings
from hub.exchange.certificates.issuing import REASONS, find_certificate, revoke_certificate
from hub.federation.authorities import authority_id

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_LISTED_MAX: Final = 200
out_option: Final = click.option(
    "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to write it."
)
_PUBLIC: Final = writes_nothing("certificates and serial numbers, which are public")


@click.group(cls=Noun)
def ca() -> None:
    """Keep our certificate authority: issue, revoke, and say what was revoked."""


@trail(_PUBLIC)
@ca.command(examples=("hub ca show", "hub ca show --out authority.pem"))
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write what members' systems check the hub by, the next authority too, as PEM.",
)
@home_option
@unlock_option
def show(out: Path | None, home: Path, unlock: Unlock) -> Answer:
    """Show our authorities: the present one, the next, and those before that partners still take."""
    with opened(home, unlock) as hub:
        if out is not None:
            write_bytes(out, hub.leaf.server_authorities().encode())
        held = hub.keyring.authorities()
        base = hub.config.revocation_base
        crls = hub.authority.tls_card().crl
    documents = [
        {
            "id": authority_id(one.pem),
            "state": one.entry.state.value,
            "key_in": one.entry.where.value,
            "not_before": instant(one.certificate.not_valid_before_utc),
            "not_after": instant(one.certificate.not_valid_after_utc),
        }
        for one in held
    ]
    columns = ("authority", "state", "key in", "valid until (UTC)")
    cells = [
        (
            authority_id(one.pem)[:16],
            one.entry.state.value,
            one.entry.where.value,
            one.certificate.not_valid_after_utc,
        )
        for one in held
    ]
    published = "nowhere: set revocation_url in hub.toml" if not base else ", ".join(crls)
    return Answer(
        document={"authorities": documents, "crl": list(crls)},
        people=(table(columns, cells), facts({"revocations published at": published})),
    )


@trail(_PUBLIC)
@ca.command("list", examples=("hub ca list",))
@home_option
@unlock_option
def list_(home: Path, unlock: Unlock) -> Answer:
    """List the certificates that our authority issued, the newest first."""
    with opened(home, unlock) as hub, hub.store.read() as view:
        rows = view.certificates.page(before=None, limit=_LISTED_MAX)
    columns = ("serial number", "agency", "use", "valid until (UTC)", "revoked (UTC)", "reason")
    cells = [(r.serial, r.agency, r.use, r.not_after, r.revoked_at, r.reason) for r in rows]
    return Answer(
        document={"certificates": [as_document(r) for r in rows]},
        people=(table(columns, cells),) if rows else ("Nothing was issued yet.",),
    )


@trail(_PUBLIC)
@ca.command(examples=("hub ca expiring",))
@home_option
@unlock_option
def expiring(home: Path, unlock: Unlock) -> Answer:
    """List every certificate in use with its end, the nearest first: ours, members', partners'.

    A running hub warns of each at 30, 14, 7 and 1 days before its end.
    """
    with opened(home, unlock) as hub:
        at = hub.broker.clock.now()
        with hub.store.read() as view:
            found = endings(hub.broker, view, hub.leaf.own())
    columns = ("what", "agency", "ends (UTC)", "days left", "certificate")
    cells = [(e.what, e.agency, e.not_after, e.days_left(at), e.thumbprint[:16]) for e in found]
    documents = [
        {
            "what": e.what,
            "agency": e.agency,
            "not_after": instant(e.not_after),
            "days_left": e.days_left(at),
            "alarm": e.alarm(at),
            "thumbprint": e.thumbprint,
        }
        for e in found
    ]
    return Answer(document={"endings": documents}, people=(table(columns, cells, numbers=("days left",)),))


@trail(writes(Act.KEY_CHANGED))
@ca.command(examples=(f"hub ca revoke {SOME_DIGEST[:16]} --reason keyCompromise",))
@click.argument("certificate", help="Its serial number or thumbprint, or how one of them begins.")
@click.option(
    "--reason",
    type=click.Choice(REASONS),
    default="unspecified",
    show_default=True,
    help="Why, as RFC 5280 has it.",
)
@home_option
@unlock_option
def revoke(certificate: str, reason: str, home: Path, unlock: Unlock) -> Answer:
    """Revoke a certificate that our authority issued; it cannot be taken back.

    A member's is refused within seconds, on open connections too. Partners refuse the hub's own as soon as
    they have fetched our list: renew it first with `hub renew`.
    """
    with opened(home, unlock) as hub:
        row = revoke_certificate(hub.broker, administrator(hub.config.agency), certificate, reason=reason)
        hub.authority.publish()
    return Answer(
        document=as_document(row), people=(f"The certificate {row.serial} of {row.agency} is revoked.",)
    )


@trail(_PUBLIC)
@ca.command(examples=("hub ca crl --out kz-knb.crl",))
@click.option("--authority", metavar="ID", default="", help="Of this authority, not the present one.")
@click.option(
    "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to write it."
)
@home_option
@unlock_option
def crl(authority: str, out: Path, home: Path, unlock: Unlock) -> Answer:
    """Write our list of revoked certificates (RFC 5280), signed, in DER.

    A running hub answers with it at /ca/crl, and keeps it in the folder ca/ of its home for a web server.
    """
    with opened(home, unlock) as hub:
        raw = hub.authority.crl(authority)
    write_bytes(out, raw)
    return Answer(document={"file": str(out), "bytes": len(raw)}, people=(f"The list is in {out}.",))


@trail(_PUBLIC)
@ca.command(examples=("hub ca ocsp request.der --out answer.der",))
@click.argument("question", metavar="FILE", help="An OCSP request in DER, a file or - for standard input.")
@click.option(
    "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to write it."
)
@home_option
@unlock_option
def ocsp(question: str, out: Path, home: Path, unlock: Unlock) -> Answer:
    """Answer an OCSP request (RFC 6960) about one of our certificates, from the database.

    A running hub answers them at /ca/ocsp.
    """
    raw = read_bytes(question)
    with opened(home, unlock) as hub:
        answer = hub.authority.ocsp(raw)
    write_bytes(out, answer)
    return Answer(document={"file": str(out), "bytes": len(answer)}, people=(f"The answer is in {out}.",))


@trail(_PUBLIC)
@ca.command(examples=(f"hub ca certificate {SOME_DIGEST[:16]} --out leaf.pem",))
@click.argument("certificate", help="Its serial number or thumbprint, or how one of them begins.")
@click.option(
    "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to write it."
)
@home_option
@unlock_option
def certificate(certificate: str, out: Path, home: Path, unlock: Unlock) -> Answer:
    """Write a certificate that our authority issued, as PEM."""
    from hub.bootstrap.leaves import pem_of

    with opened(home, unlock) as hub, hub.store.read() as view:
        row = find_certificate(view, certificate)
    write_bytes(out, pem_of(row.raw))
    return Answer(document=as_document(row) | {"file": str(out)}, people=(f"The certificate is in {out}.",))


@trail(writes(Act.KEY_CHANGED))
@ca.command(examples=("hub ca proxy --out nginx-tls --host-name hub.knb.example",))
@click.option(
    "--host-name", "host_names", multiple=True, metavar="NAME", help="These names, not those of the hub."
)
@click.option(
    "--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="A new folder, yours alone."
)
@home_option
@unlock_option
def proxy(host_names: tuple[str, ...], out: Path, home: Path, unlock: Unlock) -> Answer:
    """Issue a certificate with a key of its own for a proxy in front of the hub, like nginx.

    It answers in the agency's name: guard the key as the hub's own, and revoke it when the proxy goes.
    """
    with opened(home, unlock) as hub:
        pem, key = hub.authority.issue_proxy(administrator(hub.config.agency), host_names)
        files = {"certificate.pem": pem, "key.pem": key}
        with new_folder(out, files):
            pass
    return Answer(
        document={"folder": str(out)},
        people=(f"Certificate and key for the proxy are in {out}; the key is kept nowhere else.",),
    )


for command in (request, requests, issue, reject, init, switch, retire, foreign_request, foreign_install):
    ca.add_command(command)


def as_document(row: CertificateRow) -> dict[str, object]:
    """Return a certificate for machines."""
    return {
        "serial": row.serial,
        "thumbprint": row.thumbprint,
        "authority": row.authority,
        "agency": row.agency,
        "use": row.use,
        "not_before": instant(row.not_before),
        "not_after": instant(row.not_after),
        "issued_at": instant(row.issued_at),
        "issued_by": row.issued_by,
        "revoked_at": instant(row.revoked_at),
        "revoked_by": row.revoked_by,
        "reason": row.reason,
    }
