"""`hub adapter translate`, `interpret`, `letter`: one document, and what of it the other form cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import msgspec

from hub.audit.trail import writes_nothing
from hub.bootstrap.adapting import make_adapter
from hub.cli.answer import Answer, facts, table
from hub.cli.files import called, read_bytes, read_json, write_bytes
from hub.cli.frame import leaf, trail
from hub.cli.record_files import checked
from hub.errors import Refused

_SHOWN: Final = 60
_profile: Final = click.option(
    "--profile",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The partner's profile; the adapter's own without it.",
)
_name: Final = click.argument("name", metavar="NAME", help="An adapter's name.")


@trail(writes_nothing("a file is translated, and no hub"))
@leaf(
    examples=(
        "hub adapter translate bilateral-stix record.json -o bundle.json",
        "hub adapter translate bilateral record.json --profile kz-de.toml",
    )
)
@_name
@click.argument("file", metavar="FILE|-", help="The record's JSON file, or - for standard input.")
@_profile
@click.option("-o", "--out", metavar="FILE", type=click.Path(path_type=Path), help="Where the document goes.")
def translate(name: str, file: str, profile: Path | None, out: Path | None) -> Answer:
    """Translate a record file into a partner's format, and say what is lost. Needs no hub."""
    made = make_adapter(name, profile)
    record = checked(file, read_json(file))
    translated = made.dialect.translate(dict(record.document))
    if out is not None:
        write_bytes(out, translated.document)
    told = facts(
        {
            "dialect": made.dialect.name,
            "bytes": len(translated.document),
            "lost": len(translated.lost),
            "seen by readers of our extension alone": len(translated.aside),
        }
    )
    rows = [(path, "lost") for path in translated.lost]
    rows += [(path, "in our extension") for path in translated.aside]
    return Answer(
        document={
            "dialect": made.dialect.name,
            "lost": list(translated.lost),
            "aside": list(translated.aside),
            "document": translated.document.decode("utf-8"),
        },
        people=(told, *((table(("field", "what becomes of it"), rows),) if rows else ())),
    )


@trail(writes_nothing("a file is looked at, and no hub"))
@leaf(examples=("hub adapter interpret bilateral-stix bundle.json",))
@_name
@click.argument("file", metavar="FILE|-", help="The partner's document, or - for standard input.")
@_profile
def interpret(name: str, file: str, profile: Path | None) -> Answer:
    """Read a partner's document, and say what of it a record has no place for. Needs no hub."""
    made = make_adapter(name, profile)
    raw = read_bytes(file, max_bytes=made.max_document_bytes)
    found = made.dialect.interpret(raw)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    document = msgspec.json.decode(encode({"record": found.record, "unknown": dict(found.unknown)}))
    rows = [(path, _short(encode(value))) for path, value in found.unknown.items()]
    return Answer(
        document={"dialect": made.dialect.name, **document},
        people=(
            f"{called(file)} is {made.dialect.name}; {len(rows)} parts of it have no place in a record.",
            *((table(("unknown", "what it says"), rows),) if rows else ()),
        ),
    )


@trail(writes_nothing("a file is written on paper, and no hub"))
@leaf(examples=("hub adapter letter cis_atc record.json -o letter.pdf",))
@_name
@click.argument("file", metavar="FILE|-", help="The record's JSON file, or - for standard input.")
@_profile
@click.option(
    "-o", "--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where the PDF goes."
)
def letter(name: str, file: str, profile: Path | None, out: Path) -> Answer:
    """Write a record file as the letter that a treaty asks for, to be signed and sealed. Needs no hub."""
    made = make_adapter(name, profile)
    if made.letter is None:
        raise Refused("kind-not-carried", f"The adapter {name} writes no letters.")
    written = made.letter(dict(checked(file, read_json(file)).document))
    write_bytes(out, written.document)
    rows = [
        (path, "not in the letter, or with a box for a sign that its font lacks") for path in written.lost
    ]
    return Answer(
        document={"file": str(out), "bytes": len(written.document), "lost": list(written.lost)},
        people=(
            f"{out} is the letter. Print it, have it signed and sealed, and send it by the agreed way.",
            *((table(("field", "what becomes of it"), rows),) if rows else ()),
        ),
    )


def _short(raw: bytes) -> str:
    text = raw.decode("utf-8")
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
