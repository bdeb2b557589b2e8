"""Files that commands read and write: bounded, never through a link, never readable by others by accident."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

import click

from hub.errors import Refused

MAX_BYTES: Final = 8 * 1024 * 1024


def called(name: str) -> str:
    """Return what people call a file."""
    return "Standard input" if name == "-" else name


def read_bytes(name: str, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return what a file holds, or standard input for `-`. Raises Refused `not-found`, `request-invalid`."""
    try:
        with click.open_file(name, "rb") as stream:
            raw = cast(bytes, stream.read(max_bytes + 1))
    except OSError as error:
        raise Refused("not-found", f"{called(name)} cannot be read: {error.strerror}.") from None
    if len(raw) > max_bytes:
        raise Refused("request-invalid", f"{called(name)} is larger than {max_bytes} bytes.")
    return raw


def read_text(name: str) -> str:
    """Return the UTF-8 text of a file."""
    try:
        return read_bytes(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            "request-invalid", f"{called(name)} is not UTF-8 text: byte {error.start + 1} is wrong."
        ) from None


def read_json(name: str) -> Mapping[str, object]:
    """Return the JSON object in a file. A name given twice is refused: one of the two would be lost."""
    try:
        told = json.loads(read_text(name), object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Refused(
            "request-invalid",
            f"{called(name)} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
        ) from None
    except (ValueError, RecursionError) as error:
        raise Refused("request-invalid", f"{called(name)} cannot be used: {error}.") from None
    if not isinstance(told, dict):
        raise Refused("request-invalid", f"{called(name)} holds no JSON object; a record is {{…}}.")
    return told


def write_bytes(path: Path, raw: bytes, *, mode: int = 0o644) -> None:
    """Write a new file; one that is there already stays. Raises Refused `file-exists`, `not-found`."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise Refused("file-exists", f"{path} is there already; it is not overwritten.") from None
    except OSError as error:
        raise Refused("not-found", f"{path} cannot be written: {error.strerror}.") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(raw)


@contextmanager
def new_folder(folder: Path, files: Mapping[str, str | bytes]) -> Iterator[tuple[Path, ...]]:
    """Write files that only their owner can read into a new folder; take all back if the block fails."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise Refused("file-exists", f"{folder} is there already; name a new folder.") from None
    except OSError as error:
        raise Refused("not-found", f"{folder} cannot be made: {error.strerror}.") from None
    try:
        for name, held in files.items():
            write_bytes(folder / name, held.encode() if isinstance(held, str) else held, mode=0o600)
        yield tuple(folder / name for name in files)
    except BaseException:
        shutil.rmtree(folder)
        raise


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has {twice!r} twice in one object")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")
