"""One key store made for all tests of a process, and copies of it to alter."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from keys.file_store import create_store
from keys.keyring import FileKeyring

NOW = datetime.now(UTC)
UNLOCK = b"0123456789abcdef0123456789abcdef"


@cache
def made() -> Path:
    """Return the one store; nothing may change it."""
    directory = Path(mkdtemp(prefix="hub-keys-")) / "keys"
    create_store(directory, agency="kz-knb", host_names=["hub.knb.kz", "127.0.0.1"], unlock=UNLOCK, at=NOW)
    return directory


def copied(folder: Path) -> Path:
    """Return a copy of the store in a folder of a test."""
    return Path(shutil.copytree(made(), folder / "keys"))


def opened(directory: Path) -> FileKeyring:
    """Return the keyring of a store."""
    return FileKeyring.open(directory, agency="kz-knb", unlock=UNLOCK)
