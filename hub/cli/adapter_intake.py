"""`hub adapter intake`: a partner's public list as files, and how much of it could not be reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from cryptography import x509

from hub.audit.trail import writes_nothing
from hub.bootstrap.adapting import beside_un_list, make_adapter
from hub.cli.answer import Answer, facts
from hub.cli.files import read_bytes, write_bytes
from hub.cli.frame import leaf, trail
from hub.errors import Refused


@trail(writes_nothing("a public list becomes files, and no hub"))
@leaf(examples=("hub adapter intake interpol --list red -o red-notices",))
@click.argument("name", metavar="NAME", help="An adapter's name.")
@click.option("--list", "which", required=True, metavar="LIST", help="Which of the partner's lists.")
@click.option(
    "--profile",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The partner's profile; the adapter's own without it.",
)
@click.option(
    "--authority",
    metavar="FILE",
    help="The authorities of the server's certificate, as PEM; those that this machine trusts without it.",
)
@click.option(
    "--beside",
    metavar="FILE",
    help="The Security Council's list, XML or XML in xz: to which of its entries notices belong.",
)
@click.option(
    "-o", "--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="A new folder for it."
)
def intake(
    name: str, which: str, profile: Path | None, authority: str | None, beside: str | None, out: Path
) -> Answer:
    """Fetch a partner's public list, a file for each document. Needs no hub.

    `list.json` is written last: it names all files and says how many documents could not be reached. While it
    is not there, the folder is not complete. With `--beside` it also says which UN Special Notice belongs to
    which entry of the Security Council's list, and which to none: its entry was removed, or the list is old.
    """
    made = make_adapter(name, profile)
    if made.intake is None:
        raise Refused("request-invalid", f"The adapter {name} reads no public list.")
    un_list = None if beside is None else read_bytes(beside)
    if out.exists():
        raise Refused("file-exists", f"{out} is there already; it is not overwritten.")
    taken = made.intake(which, _authorities(authority))
    try:
        out.mkdir()
    except OSError as error:
        raise Refused("file-exists", f"{out} cannot be made: {error.strerror}.") from None
    files = {}
    for number, document in taken.documents:
        files[number] = f"{quote(number.replace('/', '-'), safe='')}.json"
        write_bytes(out / files[number], document)
    told = {"list": which, "files": len(files), "missing": taken.missing}
    joined: dict[str, Any] = {}
    if un_list is not None:
        documents = ((out / name).read_bytes() for name in files.values())
        joined = beside_un_list(made, documents, un_list)
        told |= {"joined": len(joined["joined"]), "unlisted": len(joined["unlisted"])}
    index = {**told, "numbers": files} | ({"beside": joined} if joined else {})
    write_bytes(out / "list.json", json.dumps(index, indent=1).encode())
    complete = "All of it is here." if not taken.missing else "What is not here may still be published."
    return Answer(document={"folder": str(out), **told}, people=(facts(told), complete))


def _authorities(file: str | None) -> Sequence[x509.Certificate]:
    if file is None:
        return ()
    try:
        return x509.load_pem_x509_certificates(read_bytes(file))
    except ValueError:
        raise Refused("request-invalid", f"{file} holds no certificates as PEM.") from None
