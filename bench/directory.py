"""What fetching a directory of agencies costs, beside python-tuf over a plain repository.

The floor has the same shape: founders of which two sign, one delegated role and one file for each agency, but
one ECDSA key where we have ECDSA and ML-DSA-65, and a small file where we have a statement. Ours are the
files followed (client), and the whole refresh: statements verified, compared with pins, logged and mirrored.
Processor time of one process, of the first time and of a time when nothing is new.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.ngclient import Updater

from hub.envelope.suites import Suite
from hub.exchange.directory.place import Place
from hub.exchange.directory.refreshing import refresh
from hub.federation.card import Card, make_card, read_card
from hub.federation.directory.statement import Statement, make_statement
from hub.limits import Limits
from hub.transport.directory.fetching import FolderFetcher
from hub.transport.directory.following import TufDirectoryClient
from tests.exchange.hubs import CUSTODIAN, Hubs, LooseKeyring, authority_pem
from tests.federation.directory.repos import FOUNDERS, Repo, now


@dataclass(frozen=True, kw_only=True)
class Result:
    """One way of fetching: processor time of the first time and of a time without news."""

    way: str
    first_ms: float
    again_ms: float
    kib: int
    ratio: float


def names(count: int) -> list[str]:
    """Return so many agencies, the founders among them."""
    return [*FOUNDERS, *(f"xx-agency{number}" for number in range(count - len(FOUNDERS)))]


def statement(agency: str, seed: int) -> bytes:
    """Return an agency's statement, as real ones are."""
    keyring = LooseKeyring(agency, seed % 250 + 1)
    card = Card(
        agency=agency,
        name=agency,
        url=f"https://{agency}.example:8443",
        issued_at=now(),
        tls_ca_pem=authority_pem(agency),
        public=keyring.public(),
        suites=(Suite.HYBRID_1, Suite.CLASSIC_1),
        mailbox=True,
        log_keys=tuple(signer.key for signer in keyring.log_signers()),
        witness_keys=tuple(signer.key for signer in keyring.witness_signers()),
    )
    raw = make_card(card, keyring.signing())
    said = Statement(
        agency=agency,
        issued_at=now(),
        expires_at=now() + timedelta(days=90),
        card=read_card(raw),
        card_raw=raw,
    )
    return make_statement(said, keyring.signing())


def ours(count: int, folder: Path) -> tuple[str, bytes]:
    """Write a directory as hubs have it; return where it is and its root."""
    repo = Repo(participants=tuple(names(count))).found()
    changed = {"targets": repo.list_participants()}
    changed |= {one: repo.entry(one, statement(one, seed)) for seed, one in enumerate(repo.participants)}
    repo.publish(changed)
    return repo.write(folder), repo.first_root


def plain(count: int, folder: Path) -> tuple[str, bytes]:
    """Write a repository of the same shape with one ECDSA key each; return where it is and its root."""
    until, (metadata, targets) = now() + timedelta(days=30), (folder / "metadata", folder / "targets")
    keys = {name: _signer() for name in (*names(count), *(f"root-{one}" for one in FOUNDERS))}
    rooted = [keys[f"root-{one}"] for one in FOUNDERS]
    root = Metadata(Root(expires=until))
    for signer in rooted:
        for role in ("root", "targets", "snapshot", "timestamp"):
            root.signed.add_key(signer.public_key, role)
    for role in ("root", "targets"):
        root.signed.roles[role].threshold = 2
    listed = Metadata(Targets(expires=until, delegations=Delegations(keys={}, roles={})))
    files: dict[str, bytes] = {}
    for name in names(count):
        assert listed.signed.delegations is not None
        assert listed.signed.delegations.roles is not None
        listed.signed.delegations.roles[name] = DelegatedRole(name, [], 1, True, [f"{name}/entry"])
        listed.signed.add_key(keys[name].public_key, name)
        held = Targets(
            expires=until, targets={f"{name}/entry": TargetFile.from_data(f"{name}/entry", b"x" * 500)}
        )
        files[f"1.{name}.json"] = _signed(Metadata(held), [keys[name]])
        digest = sha256(b"x" * 500).hexdigest()
        (targets / name).mkdir(parents=True)
        (targets / name / f"{digest}.entry").write_bytes(b"x" * 500)
    files["1.root.json"] = _signed(root, rooted[:2])
    files["1.targets.json"] = _signed(listed, rooted[:2])
    meta = {
        name.partition(".")[2]: MetaFile(1, len(raw), {"sha256": sha256(raw).hexdigest()})
        for name, raw in files.items()
        if name != "1.root.json"
    }
    files["1.snapshot.json"] = _signed(Metadata(Snapshot(expires=until, meta=meta)), rooted[:1])
    files["timestamp.json"] = _signed(Metadata(Timestamp(expires=until)), rooted[:1])
    metadata.mkdir(parents=True)
    for name, raw in files.items():
        (metadata / name).write_bytes(raw)
    return str(folder), files["1.root.json"]


def _signer() -> CryptoSigner:
    return CryptoSigner(ec.generate_private_key(ec.SECP256R1()))


def _signed(
    document: Metadata[Root] | Metadata[Targets] | Metadata[Snapshot] | Metadata[Timestamp],
    by: list[CryptoSigner],
) -> bytes:
    for signer in by:
        document.sign(signer, append=True)
    return document.to_bytes()


class Plain(FolderFetcher):
    """Reads a folder whatever its files are called."""

    def _fetch(self, url: str) -> object:  # type: ignore[override]
        return self._parts(url)


def measured(way: str, fetch: Callable[[], int], clear: Callable[[], None], rounds: int) -> Result:
    """Fetch first and again, so many times; the best of each counts."""
    first: list[float] = []
    again: list[float] = []
    fetched = 0
    for _ in range(rounds):
        clear()
        for found in (first, again):
            began = time.process_time()
            fetched = max(fetched, fetch())
            found.append((time.process_time() - began) * 1e3)
    return Result(
        way=way, first_ms=round(min(first), 1), again_ms=round(min(again), 1), kib=fetched // 1024, ratio=1.0
    )


def measure(count: int, rounds: int, folder: Path) -> tuple[list[Result], float]:
    """Measure the three ways; return them, and by how many MiB memory grew at the most."""
    floor_source, floor_root = plain(count, folder / "plain")
    source, root = ours(count, folder / "ours")
    trusted = folder / "trusted"
    limits = Limits()
    client = TufDirectoryClient(limits, partner=lambda _agency: None, client=None)  # type: ignore[arg-type]
    hubs = Hubs(folder=folder)
    broker = hubs.add("kz-knb")
    hubs.clock.at = now()
    place = Place(folder=folder / "home")

    def clear() -> None:
        shutil.rmtree(trusted, ignore_errors=True)
        (trusted / "entries").mkdir(parents=True)
        place.folder.mkdir(exist_ok=True)
        place.pin(root)

    def floor() -> int:
        fetcher = Plain(floor_source, limits)
        updater = Updater(
            str(trusted),
            "metadata/",
            target_dir=str(trusted / "entries"),
            target_base_url="targets/",
            fetcher=fetcher,
            bootstrap=floor_root,
        )
        updater.refresh()
        for name in names(count):
            info = updater.get_targetinfo(f"{name}/entry")
            assert info is not None
            if updater.find_cached_target(info) is None:
                updater.download_target(info)
        return fetcher.bytes_fetched

    def followed() -> int:
        seen = client.refresh(source, trusted, root)
        assert all(one.failure is None for one in seen.entries.values())
        return sum(path.stat().st_size for path in trusted.rglob("*.j*"))

    def whole() -> int:
        state = refresh(broker, client, place, CUSTODIAN, source=source)
        assert all(one.code is None for one in state.agencies.values())
        return sum(path.stat().st_size for path in place.trusted.rglob("*.j*"))

    before = peak_mib()
    results = [
        measured(way, fetch, clear, rounds)
        for way, fetch in (("floor", floor), ("client", followed), ("refresh", whole))
    ]
    hubs.close()
    base = results[0].first_ms
    told = [Result(**(asdict(one) | {"ratio": round(one.first_ms / base, 2)})) for one in results]
    return told, round(peak_mib() - before, 1)


def peak_mib() -> float:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python -m bench.directory --agencies 100"
    )
    parser.add_argument("--agencies", type=int, default=30, help="how many stand in it (default 30)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the best counts (default 5)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-directory-") as folder:
        rows, growth = measure(told.agencies, told.rounds, Path(folder))
    if told.json:
        document = {
            "agencies": told.agencies,
            "memory_growth_mib": growth,
            "rows": [asdict(row) for row in rows],
        }
        print(json.dumps(document, indent=2))
        return
    print(f"{told.agencies} agencies, two of three founders; memory grew by {growth} MiB.\n")
    print(f"{'way':8} {'first ms':>9} {'again ms':>9} {'KiB':>6} {'ratio':>6}")
    for row in rows:
        print(f"{row.way:8} {row.first_ms:9} {row.again_ms:9} {row.kib:6} {row.ratio:6}")


if __name__ == "__main__":
    main()
