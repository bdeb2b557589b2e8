"""What is looked at on a machine before keys are made on it, in the words that a protocol has."""

from __future__ import annotations

import os
import platform
import resource
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from cryptography.hazmat.backends.openssl.backend import backend

_SAMPLE_BYTES: Final = 64 * 1024
#: A fair coin thrown 524,288 times shows heads further from half than this once in some 10^15 times.
_BITS_OFF_MAX: Final = 2_900


@dataclass(frozen=True, kw_only=True)
class MachineCheck:
    """One look at the machine: what was looked at, whether it is as it should be, and what was seen."""

    what: str
    good: bool
    seen: str

    def as_document(self) -> dict[str, object]:
        """Return the check as the protocol holds it."""
        return {"what": self.what, "good": self.good, "seen": self.seen}


def check_machine(folder: Path) -> Sequence[MachineCheck]:
    """Look at the machine that keys are to be made on, and at the folder that they will lie in."""
    return [
        _random_source(),
        _random_sample(os.urandom(_SAMPLE_BYTES)),
        _core_dumps(),
        _debugger(),
        _swap(),
        _network(),
        _folder(folder),
    ]


def software() -> dict[str, str]:
    """Return what the keys are made with."""
    return {
        "hub": version("hub"),
        "python": platform.python_version(),
        "cryptography": version("cryptography"),
        "openssl": backend.openssl_version_text(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.node(),
    }


def _random_source() -> MachineCheck:
    """Ask the kernel without waiting: it refuses while it has not gathered enough (getrandom(2))."""
    try:
        os.getrandom(32, os.GRND_NONBLOCK)
    except BlockingIOError:
        return MachineCheck(what="random source", good=False, seen="the kernel has not gathered enough yet")
    return MachineCheck(what="random source", good=True, seen="the kernel's generator is seeded")


def _random_sample(sample: bytes) -> MachineCheck:
    """Look for a source that is broken outright; no test can show that one is good."""
    ones = int.from_bytes(sample).bit_count()
    off = abs(ones - len(sample) * 4)
    packed = len(zlib.compress(sample, 9))
    good = off <= _BITS_OFF_MAX and packed >= len(sample)
    seen = f"{len(sample)} bytes: {ones} bits are set, {packed} bytes when compressed"
    return MachineCheck(what="random sample", good=good, seen=seen)


def _core_dumps() -> MachineCheck:
    most = resource.getrlimit(resource.RLIMIT_CORE)[0]
    return MachineCheck(what="core dumps", good=most == 0, seen="forbidden" if most == 0 else "allowed")


def _debugger() -> MachineCheck:
    tracer = _line_of(Path("/proc/self/status"), "TracerPid:")
    good = tracer in {"0", ""}
    return MachineCheck(what="debugger", good=good, seen="none" if good else f"process {tracer} looks on")


def _swap() -> MachineCheck:
    try:
        used = Path("/proc/swaps").read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return MachineCheck(what="swap", good=False, seen="it cannot be told whether there is any")
    seen = ", ".join(line.split()[0] for line in used) or "none"
    return MachineCheck(what="swap", good=not used, seen=seen)


def _network() -> MachineCheck:
    up = []
    for one in sorted(Path("/sys/class/net").glob("*")):
        try:
            state = (one / "operstate").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        if one.name != "lo" and state != "down":
            up.append(one.name)
    return MachineCheck(what="network", good=not up, seen=", ".join(up) or "none is up")


def _folder(folder: Path) -> MachineCheck:
    place = folder
    while not place.exists():
        place = place.parent
    mode = place.stat().st_mode
    others = bool(mode & 0o022) and not mode & 0o1000
    seen = f"{place} can be written by others" if others else f"{place} is written by its owner"
    return MachineCheck(what="folder", good=not others, seen=seen)


def _line_of(path: Path, name: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.removeprefix(name).strip() for line in lines if line.startswith(name)), "")
