"""`hub attachment`: files that go with a record, in both directions, going on where they broke off."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from hub.audit.events import Act
from hub.audit.trail import writes
from hub.cli.answer import Answer, safe, table
from hub.cli.credentials import sign_in
from hub.cli.frame import SOME_DIGEST, SOME_ID, Noun, trail
from hub.cli.home import opened
from hub.cli.record_acting import acting, row_of, why_option
from hub.cli.record_naming import originator_option, record_argument
from hub.cli.record_views import as_document, then_of
from hub.errors import IntegrityFailure, Refused
from hub.exchange import attachments, drafting, routing
from hub.exchange.attachments import Upload
from hub.exchange.broker import Broker
from hub.records.actor import Actor
from hub.records.lifecycle import RecordState
from hub.records.record import AttachmentRef

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_READ_BYTES: Final = 1024 * 1024
#: Told how many more bytes have moved.
Moved = Callable[[int], None]
version_option: Final = click.option(
    "--version", type=click.IntRange(1), metavar="N", help="This version; without it the newest."
)


@click.group(cls=Noun)
def attachment() -> None:
    """Attach files to drafts, and save those that came with records."""


@trail(writes(Act.ATTACHED, Act.REVISED))
@attachment.command(
    examples=(
        f"hub attachment add {SOME_ID} photo.jpg --as aigerim",
        f"hub attachment add {SOME_ID} film.mp4 --as aigerim --resume {SOME_ID}",
    )
)
@record_argument
@click.argument(
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What is attached.",
)
@click.option("--name", metavar="TEXT", help="What the recipients see as its name; without it the file's.")
@click.option("--media-type", metavar="TYPE", help="Like image/jpeg; without it the name tells.")
@click.option("--resume", "upload_id", metavar="UPLOAD", help="Go on with an upload that broke off.")
@acting
@click.pass_context
def add(
    context: click.Context,
    record_id: str,
    file: Path,
    name: str | None,
    media_type: str | None,
    upload_id: str | None,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Attach a file to a draft; it is encrypted as it is read. Who attaches becomes the draft's author."""
    called = name or file.name
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        row = row_of(hub.broker, record_id)
        if row.state not in {RecordState.DRAFT, RecordState.REJECTED}:
            raise Refused(
                "transition-invalid", f"Files are attached to drafts; this record is {row.state.value}."
            )
        done = _uploaded(hub.broker, actor, file, upload_id, shown=not context.meta["machine"])
        ref = {
            "digest": done.digest,
            "name": called,
            "media_type": media_type or mimetypes.guess_type(called)[0] or "application/octet-stream",
            "size_bytes": done.size_bytes,
        }
        row = drafting.revise(hub.broker, actor, record_id, expected_revision=row.revision, attached=[ref])
    return Answer(
        document={**as_document(row), "attachment": ref, "upload_id": done.upload_id},
        people=(f"{called} is attached to {record_id}; {officer} is the draft's author now.",),
        then=then_of(row, actor),
    )


@trail(writes(Act.CONSULTED))
@attachment.command("list", examples=(f'hub attachment list {SOME_ID} --as aigerim --why "case 2025/114"',))
@record_argument
@version_option
@originator_option
@why_option
@acting
def list_(
    record_id: str,
    version: int | None,
    originator: str | None,
    justification: str,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """List what a record names as attachments. Their names are content: the reading is logged."""
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        found = routing.read_record(
            hub.broker, actor, record_id, version, justification=justification, originator=originator
        ).attachments
    if not found:
        return Answer(document={"attachments": []}, people=("The record names no attachments.",))
    cells = [(one.name, one.media_type, one.size_bytes, one.digest) for one in found]
    return Answer(
        document={"attachments": [_described(one) for one in found]},
        people=(table(("name", "type", "bytes", "digest"), cells, numbers=("bytes",)),),
        then=(f'hub attachment save {record_id} {found[0].digest} --out FILE --as {officer} --why "…"',),
    )


@trail(writes(Act.CONSULTED))
@attachment.command(
    examples=(
        f'hub attachment save {SOME_ID} {SOME_DIGEST} --out photo.jpg --as aigerim --why "case 2025/114"',
    )
)
@record_argument
@click.argument("digest", metavar="DIGEST", help="The attachment's digest, or its first 8 digits or more.")
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file, which only you can read. What broke off goes on from FILE.part.",
)
@version_option
@originator_option
@why_option
@acting
@click.pass_context
def save(
    context: click.Context,
    record_id: str,
    digest: str,
    out: Path,
    version: int | None,
    originator: str | None,
    justification: str,
    officer: str,
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Save a record's attachment; who saved it and why is logged before the first byte.

    The file gets its name only when all of it was checked against the digest that the record names.
    """
    if out.exists():
        raise Refused("file-exists", f"{out} is there already; it is not overwritten.")
    part = out.with_name(f"{out.name}.part")
    with opened(home, unlock) as hub:
        actor = sign_in(hub.broker, officer, password_fd)
        ref = _named(hub.broker, actor, record_id, digest, version, originator, justification)
        with (
            _part(part) as stream,
            _shown(f"saving {ref.name}", ref.size_bytes, shown=not context.meta["machine"]) as moved,
        ):
            offset = min(stream.tell(), ref.size_bytes)
            moved(offset)
            parts = attachments.read_attachment(
                hub.broker,
                actor,
                record_id,
                ref.digest,
                justification=justification,
                version=version,
                originator=originator,
                offset=offset,
            )
            for piece in parts:
                stream.write(piece)
                moved(len(piece))
        _refuse_other(part, ref)
    os.rename(part, out)
    return Answer(
        document={"attachment": _described(ref), "file": str(out)},
        people=(f"{ref.name} is in {out}: {ref.size_bytes} bytes, as the record names them.",),
        then=(f"hub record trace {record_id}",),
    )


def _uploaded(broker: Broker, actor: Actor, file: Path, upload_id: str | None, *, shown: bool) -> Upload:
    """Return the upload of a file once it is whole; where it breaks off, say how it goes on."""
    try:
        size = file.stat().st_size
    except OSError as error:
        raise Refused("not-found", f"{file} cannot be read: {error.strerror}.") from None
    upload_id = upload_id or attachments.announce(broker, actor, size_bytes=size)
    so_far = attachments.progress(broker, actor, upload_id)
    if so_far.size_bytes != size:
        raise Refused(
            "conflict",
            f"Upload {upload_id} is of {so_far.size_bytes} bytes, {file} has {size}: another file.",
        )
    try:
        with file.open("rb") as stream, _shown(f"attaching {file.name}", size, shown=shown) as moved:
            stream.seek(so_far.offset)
            moved(so_far.offset)
            return attachments.upload(broker, actor, upload_id, so_far.offset, _pieces(stream, moved))
    except BaseException:
        click.echo(f"It broke off; the same command goes on with --resume {upload_id}", err=True)
        raise


def _named(
    broker: Broker,
    actor: Actor,
    record_id: str,
    digest: str,
    version: int | None,
    originator: str | None,
    justification: str,
) -> AttachmentRef:
    """Return what the record says of an attachment; a digest may be shortened while it is clear."""
    found = routing.read_record(
        broker, actor, record_id, version, justification=justification, originator=originator
    ).attachments
    fitting = [one for one in found if one.digest.startswith(digest.lower()) and len(digest) >= 8]
    if len(fitting) != 1:
        raise Refused(
            "not-found",
            f"The record names {len(fitting) or 'no'} attachment{'s' * (len(fitting) > 1)} {digest}; "
            "`hub attachment list` shows their digests.",
        )
    return fitting[0]


def _refuse_other(part: Path, ref: AttachmentRef) -> None:
    """Refuse what is not the attachment: the part that was there before may have been of another one."""
    with part.open("rb") as stream:
        seen = hashlib.file_digest(stream, "sha256").hexdigest()
    if seen != ref.digest:
        raise IntegrityFailure(
            "attachment-mismatch",
            f"{part} does not hold the attachment: it began as another file. Remove it and save again.",
        )


@contextmanager
def _part(path: Path) -> Iterator[BinaryIO]:
    """Open what was saved so far, at its end; only its owner can read it."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Refused("request-invalid", f"{path} cannot be written: {error.strerror}.") from None
    with os.fdopen(handle, "ab") as stream:
        stream.seek(0, os.SEEK_END)
        yield stream


@contextmanager
def _shown(what: str, total: int, *, shown: bool) -> Iterator[Moved]:
    """Show on a terminal how many bytes have moved."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(safe(what), total=total)
        yield lambda count: bar.advance(task, count)


def _pieces(stream: BinaryIO, moved: Moved) -> Iterator[bytes]:
    while piece := stream.read(_READ_BYTES):
        moved(len(piece))
        yield piece


def _described(one: AttachmentRef) -> dict[str, object]:
    return {
        "digest": one.digest,
        "name": one.name,
        "media_type": one.media_type,
        "size_bytes": one.size_bytes,
    }
