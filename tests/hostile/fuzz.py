"""`make fuzz`: damage to all that is read, for as long as is wanted; the same seed makes the same damage.

`FUZZ_S` is for how many seconds, `FUZZ_SEED` repeats a run, `FUZZ_ONLY` names readers, `FUZZ_FILE` tries one
file that a run left behind (with `FUZZ_ONLY`). It ends with 1 when something broke, and keeps what broke it.
"""

from __future__ import annotations

import os
import resource
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky

from tests.hostile.damage import damaged
from tests.hostile.examining import Broken, outcome
from tests.hostile.readers import Reader, readers

#: Damaged documents to each reader in each round.
_EXAMPLES: Final = 50
#: What reading may add to the memory of the process.
_MEMORY_BYTES: Final = 2 << 30
#: Python's audit events of acts outside of the process.
_ACTS: Final = (
    "socket.connect",
    "socket.getaddrinfo",
    "subprocess.Popen",
    "os.system",
    "os.remove",
)


@dataclass(kw_only=True)
class Run:
    """One run: its seed, until when, and where it keeps what breaks a reader."""

    number: int
    until: float
    folder: Path
    watch: Watch
    codes: Counter[str] = field(default_factory=Counter)

    def round(self, of: Mapping[str, Reader], place: int) -> str | None:
        """Try each reader once; return what broke, or None."""
        for name, reader in of.items():
            if time.monotonic() > self.until:
                return None
            if (said := self._try(reader, f"{self.number}:{place}:{name}")) is not None:
                return said
        return None

    def _try(self, reader: Reader, told: str) -> str | None:
        smallest: list[bytes] = []

        @seed(int.from_bytes(sha256(told.encode()).digest()[:8]))
        @settings(
            max_examples=_EXAMPLES,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(damaged(reader.honest))
        def survives(raw: bytes) -> None:
            if not smallest and time.monotonic() > self.until:
                return
            try:
                with self.watch.on():
                    code = outcome(reader, raw)
                self.codes[code or "read"] += 1
            except (Broken, MemoryError):
                smallest[:] = [raw]
                raise

        try:
            survives()
        except (Broken, MemoryError, Flaky) as broken:
            return f"{broken or 'out of memory'}\n{self._keep(reader, smallest[0])}"
        return None

    def _keep(self, reader: Reader, raw: bytes) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / sha256(raw).hexdigest()[:16]
        path.write_bytes(raw)
        return f"FUZZ_ONLY='{reader.name}' FUZZ_FILE={path} make fuzz"


def main(told: Mapping[str, str], watch: Watch) -> int:
    """Run as the environment tells; return 1 when something broke."""
    found = chosen(told.get("FUZZ_ONLY", ""))
    if file := told.get("FUZZ_FILE"):
        for reader in found.values():
            print(f"{reader.name}: {outcome(reader, Path(file).read_bytes()) or 'read'}")
        return 0
    lasts_s = float(told.get("FUZZ_S") or 600)
    number = int(told.get("FUZZ_SEED") or secrets.randbelow(2**32))
    start = time.monotonic()
    run = Run(
        number=number, until=start + lasts_s, folder=Path(told.get("FUZZ_FOLDER", ".fuzz")), watch=watch
    )
    print(f"FUZZ_SEED={number} FUZZ_S={lasts_s:g}: {len(found)} readers", flush=True)
    place = 0
    while time.monotonic() < run.until:
        if (broke := run.round(found, place)) is not None:
            print(f"broken, by seed {number} in round {place}: {broke}", flush=True)
            return 1
        place += 1
        told_of = ", ".join(f"{code} {count:,}" for code, count in run.codes.most_common(6))
        print(
            f"{time.monotonic() - start:6.0f} s, round {place}: {run.codes.total():,} ({told_of})", flush=True
        )
    return 0


def chosen(names: str) -> Mapping[str, Reader]:
    """Return the readers whose names are told, between semicolons; all where none is."""
    wanted = {name.strip() for name in names.split(";") if name.strip()}
    if unknown := wanted - readers().keys():
        raise SystemExit(
            f"There is no reader {', '.join(sorted(unknown))}; there are {', '.join(readers())}."
        )
    return {name: reader for name, reader in readers().items() if not wanted or name in wanted}


class Watch:
    """Breaks a reader that acts on anything outside of the process. What is in C is not seen."""

    def __init__(self) -> None:
        self.reading = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.reading and event in _ACTS:
            raise Broken(f"it did {event}")

    @contextmanager
    def on(self) -> Iterator[None]:
        """Watch for as long as something is read."""
        self.reading = True
        try:
            yield
        finally:
            self.reading = False


def _bound_memory() -> None:
    size_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size_bytes + _MEMORY_BYTES, resource.RLIM_INFINITY))


if __name__ == "__main__":
    watching = Watch()
    readers()
    _bound_memory()
    sys.addaudithook(watching)
    sys.exit(main(os.environ, watching))
