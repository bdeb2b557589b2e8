"""How fast attachments pass through a hub, as a ratio to the raw work on the same bytes in the same run.

The raw work is AES-256-GCM over chunks and one durable write (or a read), with nothing around it: no store,
no log, no quota, no offsets. The proven raw work has the SHA-256 digests too, by which content and ciphertext
are named; it is the floor of what this format can do on one core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.exchange.attachments import announce, read_attachment, receive_part, upload
from hub.exchange.drafting import draft
from tests.exchange.hubs import AIGUL, BOLAT, Hubs, document

MIB: Final = 1024 * 1024
PART: Final = 64 * 1024
SENDER, RECEIVER = "kz-knb", "kg-gknb"


class Digests:
    """Some SHA-256 digests over the same bytes; none costs nothing."""

    def __init__(self, count: int) -> None:
        self._running = [hashlib.sha256() for _ in range(count)]

    def take(self, part: bytes) -> bytes:
        for running in self._running:
            running.update(part)
        return part


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one step came to, in MiB a second."""

    step: str
    mib_per_s: float
    floor: str
    raw_mib_per_s: float
    raw_ratio: float
    proven_mib_per_s: float
    proven_ratio: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """One way through the hub, and the raw work without and with its digests."""

    name: str
    floor: str
    ours: Callable[[], None]
    raw: Callable[[Digests], None]
    digests: int


class Bench:
    """Two hubs in one process, and plain files beside them."""

    def __init__(self, hubs: Hubs, folder: Path, size: int) -> None:
        self.raw, self.kept, self.size = folder / "raw", folder / "kept", size
        self.sender, self.receiver = hubs.add(SENDER), hubs.add(RECEIVER)
        hubs.pair_all()
        hubs.agree()
        self.chunk = self.sender.limits.attachment_chunk_bytes
        self.block = os.urandom(PART)
        self.record_id = self.plain = self.sealed = ""
        self.key = os.urandom(32)
        self.upload()
        self.attach()
        self.raw_encrypt(Digests(0))
        self.raw.rename(self.kept)

    def content(self) -> Iterator[bytes]:
        """Yield as many bytes as were asked for, in parts as HTTP brings them."""
        for _ in range(self.size // PART):
            yield self.block

    def upload(self) -> None:
        done = upload(
            self.sender, AIGUL, announce(self.sender, AIGUL, size_bytes=self.size), 0, self.content()
        )
        assert done.digest is not None
        self.plain = done.digest

    def attach(self) -> None:
        """Draft a record that names the upload, so that it can be read."""
        named = {"digest": self.plain, "name": "b", "media_type": "video/mp4", "size_bytes": self.size}
        self.record_id = draft(
            self.sender, AIGUL, document(attachments=[named]), recipients=[RECEIVER]
        ).record_id
        with self.sender.store.read() as view:
            self.sealed = view.attachments.by_plain_digest(self.plain)[0].digest

    def receive(self) -> None:
        size = self.sender.blobs.size(self.sealed)
        receive_part(self.receiver, SENDER, self.sealed, 0, size, self.sender.blobs.parts(self.sealed))

    def clear(self) -> None:
        """Remove what earlier rounds wrote, so that none pays for page cache that another one filled."""
        self.raw.unlink(missing_ok=True)
        self.receiver.blobs.discard(self.sealed)
        with self.sender.store.read() as view:
            for row in view.attachments.by_plain_digest(self.plain):
                if row.digest != self.sealed:
                    self.sender.blobs.discard(row.digest)

    def read(self) -> None:
        why = "measured by the benchmark"
        for _part in read_attachment(self.sender, BOLAT, self.record_id, self.plain, justification=why):
            pass

    def raw_encrypt(self, digests: Digests) -> None:
        cipher, chunk = AESGCM(self.key), self.block * (self.chunk // PART)
        numbers = range(self.size // self.chunk)
        self.write(digests.take(cipher.encrypt(n.to_bytes(12, "big"), chunk, None)) for n in numbers)

    def raw_receive(self, digests: Digests) -> None:
        self.write(digests.take(part) for part in self.sender.blobs.parts(self.sealed))

    def raw_read(self, digests: Digests) -> None:
        cipher = AESGCM(self.key)
        sealed = bytearray(self.chunk + 16)
        with self.kept.open("rb", buffering=0) as file:
            for n in range(self.size // self.chunk):
                file.readinto(sealed)
                digests.take(cipher.decrypt(n.to_bytes(12, "big"), sealed, None))

    def write(self, parts: Iterator[bytes]) -> None:
        with self.raw.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())


def timed(work: Callable[[], None], clear: Callable[[], None]) -> float:
    """Return the seconds that a piece of work takes after clearing."""
    clear()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(mib: int, rounds: int) -> tuple[list[Result], float]:
    """Run all steps, ours and raw in turn; return the best of each, and by how many MiB memory grew."""
    with tempfile.TemporaryDirectory(prefix="bench-attachments-") as name:
        hubs = Hubs(folder=Path(name))
        bench = Bench(hubs, Path(name), mib * MIB)
        steps = (
            Step(
                name="upload",
                floor="AES-GCM, write, fsync",
                ours=bench.upload,
                raw=bench.raw_encrypt,
                digests=2,
            ),
            Step(name="read", floor="read, AES-GCM", ours=bench.read, raw=bench.raw_read, digests=1),
            Step(
                name="receive",
                floor="read, write, fsync",
                ours=bench.receive,
                raw=bench.raw_receive,
                digests=1,
            ),
        )
        before = peak_mib()
        results = [run(step, bench.clear, mib, rounds) for step in steps]
        hubs.close()
        return results, round(peak_mib() - before, 1)


def run(step: Step, clear: Callable[[], None], mib: int, rounds: int) -> Result:
    """Time one step and its raw work, in turn because load comes and goes; the best round counts."""
    ways = (
        step.ours,
        lambda: step.raw(Digests(0)),
        lambda: step.raw(Digests(step.digests)),
    )
    times = [[timed(way, clear) for way in ways] for _ in range(rounds)]
    ours, raw, proven = (mib / min(column) for column in zip(*times, strict=True))
    return Result(
        step=step.name,
        mib_per_s=round(ours, 1),
        floor=step.floor,
        raw_mib_per_s=round(raw, 1),
        raw_ratio=round(ours / raw, 2),
        proven_mib_per_s=round(proven, 1),
        proven_ratio=round(ours / proven, 2),
    )


def peak_mib() -> float:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python -m bench.attachments --mib 512 --json"
    )
    parser.add_argument("--mib", type=int, default=256, help="size of the attachment (default 256)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the best counts (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    told = parser.parse_args()
    results, growth = measure(told.mib, told.rounds)
    if told.json:
        steps = [asdict(result) for result in results]
        print(json.dumps({"mib": told.mib, "memory_growth_mib": growth, "steps": steps}, indent=2))
        return
    print(f"One attachment of {told.mib} MiB; memory grew by {growth} MiB.\n")
    print(f"{'step':8} {'MiB/s':>8} {'raw':>8} {'ratio':>6} {'proven':>8} {'ratio':>6}  what raw is")
    for r in results:
        numbers = f"{r.raw_mib_per_s:8} {r.raw_ratio:6} {r.proven_mib_per_s:8} {r.proven_ratio:6}"
        print(f"{r.step:8} {r.mib_per_s:8} {numbers}  {r.floor}")


if __name__ == "__main__":
    main()
