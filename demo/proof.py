"""The end of the demo: our log is verified, others have cosigned it, and one bundle proves one record.

The commands are those that an operator types; the bundle is verified without a hub, from its file alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.cast import US, WITNESS_QUORUM
from demo.clients import Trouble

_WITHIN_S = 60.0
_WHY = "the demo: does it hold before a court?"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was proven of our log and of one record of it."""

    entries: int
    checkpoints: int
    cosigned_by: Sequence[str]
    record_id: str
    verdict: str
    bundle_bytes: int
    signatures: int
    not_shown: Sequence[str]

    @property
    def good(self) -> bool:
        """Tell whether the log held, enough others cosigned it and the record's life is proven."""
        return self.verdict == "proven" and len(self.cosigned_by) >= WITNESS_QUORUM

    @property
    def lines(self) -> tuple[str, str]:
        """Return what people read."""
        witnesses = ", ".join(self.cosigned_by) or "nobody"
        counted = f"{self.entries} entries, {self.checkpoints} checkpoints"
        size = f"{self.signatures} signatures in {self.bundle_bytes // 1024} KiB"
        return (
            f"The log of {US} is whole: {counted}; cosigned by {witnesses}.",
            f"Evidence on record {self.record_id}: {self.verdict.upper()} offline, by {size}.",
        )


def prove(home: Path, record_id: str, folder: Path) -> Proof:
    """Verify the log of a hub that runs, export one record's life, and verify it without the hub."""
    log = _hub("log", "verify", "--from", "0", "--home", str(home))
    bundle, anchors = folder / "record.evidence", folder / "anchors.json"
    why = ("--justification", _WHY, "--wait", "30")
    exported = _hub("evidence", "export", record_id, "-o", str(bundle), *why, "--home", str(home))
    _hub("evidence", "anchors", "-o", str(anchors), "--home", str(home))
    told = _hub("evidence", "verify", str(bundle), "--trust", str(anchors), exits=(0, 1, 2))
    return Proof(
        entries=log["size"],
        checkpoints=log["checkpoints"],
        cosigned_by=sorted({one["by"] for one in told["times"] if one["what"] == "cosigned"}),
        record_id=record_id,
        verdict=told["verdict"],
        bundle_bytes=exported["bytes"],
        signatures=len(told["signatures"]),
        not_shown=told["not_shown"],
    )


def _hub(*words: str, exits: Sequence[int] = (0,)) -> dict[str, Any]:
    """Run a command of `hub` as its own process and return its document."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", *words, "--json"],
        capture_output=True,
        text=True,
        env=clean,
        timeout=_WITHIN_S,
        check=False,
    )
    if done.returncode not in exits:
        raise Trouble(f"`hub {' '.join(words[:2])}` ended with {done.returncode}: {done.stdout[-500:]}")
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document
