"""Where the secrets come from that open the keys: a descriptor, a file, a systemd credential, a person.

Never an argument, which every process of the machine can read, and never the environment, which children
inherit and which crash reports show.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub.errors import OurFault
from keys.secret import Secret

_SECRET_MAX_BYTES: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where one secret comes from, as the one who starts a command said: a descriptor before a file.

    Without either it is looked for as a systemd credential, then where it lies by default; `ask` asks a
    person at the end.
    """

    file: Path | None = None
    descriptor: int | None = None
    ask: Callable[[], str] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Where the unlock secret of the key files and the PIN of the token come from."""

    unlock: Source = Source()
    pin: Source = Source()


#: What callers may say: where the unlock file is, or all of it.
Unlock = Path | Secrets | None


def secrets_of(unlock: Unlock) -> Secrets:
    """Return where secrets come from."""
    if isinstance(unlock, Secrets):
        return unlock
    return Secrets(unlock=Source(file=unlock))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One secret: what people call it, its systemd credential, where it lies by default, and its option."""

    called: str
    credential: str
    default: Path
    option: str


def read_secret(wanted: Wanted, source: Source) -> Secret:
    """Return a secret from where it is; raise OurFault `key-store-invalid` where there is none."""
    if source.descriptor is not None:
        return _from_descriptor(wanted, source.descriptor)
    for place in _places(wanted, source):
        try:
            return _from_file(wanted, place)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OurFault("key-store-invalid", f"{place} cannot be read: {error.strerror}.") from None
    if source.ask is not None and source.file is None:
        return _some(wanted, bytearray(source.ask().encode()), "what was typed")
    raise OurFault(
        "key-store-invalid",
        f"There is no {wanted.called} at {source.file or wanted.default}; name its file or descriptor with "
        f"--{wanted.option} or --{wanted.option}-fd.",
    )


def _places(wanted: Wanted, source: Source) -> list[Path]:
    if source.file is not None:
        return [source.file]
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    given = [Path(credentials) / wanted.credential] if credentials else []
    return [*given, wanted.default]


def _from_descriptor(wanted: Wanted, descriptor: int) -> Secret:
    try:
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
            read = bytearray(_SECRET_MAX_BYTES)
            size = 0
            while size < len(read) and (more := stream.readinto(memoryview(read)[size:])):
                size += more
    except OSError as error:
        raise OurFault(
            "key-store-invalid", f"Descriptor {descriptor} cannot be read: {error.strerror}."
        ) from None
    return _some(wanted, read[:size], f"descriptor {descriptor}")


def _from_file(wanted: Wanted, place: Path) -> Secret:
    with place.open("rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise OurFault(
                "key-store-invalid",
                f"Others may read {place}, which opens keys; take it away with chmod go-rwx.",
                exposed=True,
            )
        return _some(wanted, bytearray(file.read(_SECRET_MAX_BYTES)), str(place))


def _some(wanted: Wanted, read: bytearray, where: str) -> Secret:
    """Return what was read without the white space around it; raise for nothing at all."""
    while read and read[-1:].isspace():
        read.pop()
    while read and read[:1].isspace():
        read.pop(0)
    if not read:
        raise OurFault("key-store-invalid", f"There is no {wanted.called} on {where}: it is empty.")
    return Secret(read)
