"""Processes append to one log at once and are killed: no entry is lost, doubled, skipped or forked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

import pytest

from hub.audit.checkpoints import Checkpoint, verify_checkpoint
from hub.audit.epochs import LogEpoch
from hub.audit.merkle import EMPTY_ROOT, Frontier, check_consistency, check_inclusion, hash_leaf
from hub.audit.notes import NoteKey
from hub.audit.tiles import consistency_proof, inclusion_proof, root_of
from hub.exchange.log.checking import check_start
from hub.exchange.log.epochs import OwnKeys
from hub.exchange.log.publishing import published_checkpoint
from hub.exchange.log.verifying import Verification
from hub.ports import LogEntry, Store
from hub.storage import open_store
from tests.chaos.appending import append_until_killed, broker_of, keeper_of
from tests.chaos.world import wait_for
from tests.servers.forking import PROCESSES

pytestmark = pytest.mark.slow

_KILLS = 6
_PROCESSES = 3


@dataclass
class Appender:
    """A process that appends in several threads, keeps the log, and says what was committed."""

    process: BaseProcess
    told: Connection
    acknowledged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with open(self.told.fileno(), encoding="ascii", closefd=False) as lines:
            for line in lines:
                if line.endswith("\n"):
                    self.acknowledged += line.split()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self._reader.join(10)


@dataclass
class Watch:
    """Reads what is published all the while: each checkpoint must continue the one before."""

    folder: Path
    keys: list[NoteKey]
    seen: list[Checkpoint] = field(default_factory=list)
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(0.005):
                raw = published_checkpoint(self.folder)
                if raw is None:
                    continue
                head = verify_checkpoint(raw, self.keys)
                if not self.seen or head != self.seen[-1]:
                    assert not self.seen or head.size > self.seen[-1].size
                    self.seen.append(head)
        except BaseException as failure:  # noqa: BLE001 (handed to the test's own thread)
            self.failure = failure

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        if self.failure is not None:
            raise self.failure


def start(url: str, folder: Path) -> Appender:
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=append_until_killed, args=(url, folder, theirs))
    process.start()
    theirs.close()
    return Appender(process, ours)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_survives_the_death_of_any_process_at_any_moment(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    dice, folder = Random(seed), tmp_path / "log"
    store = open_store(database_url)
    keys = [signer.key for signer in broker_of(store).keyring.log_signers()]
    watch = Watch(folder, keys)
    appenders = [start(database_url, folder) for _ in range(_PROCESSES)]
    dead: list[Appender] = []
    try:
        for kill in range(_KILLS):
            living = appenders[dice.randrange(_PROCESSES)]
            enough = len(living.acknowledged) + dice.randint(5, 60)
            wait_for(lambda: len(living.acknowledged) >= enough, "appending to go on")  # noqa: B023
            victims = range(_PROCESSES) if kill % 3 == 2 else [dice.randrange(_PROCESSES)]
            for victim in victims:
                appenders[victim].kill()
                dead.append(appenders[victim])
            if kill % 3 == 2:
                _check_nothing_is_ahead(store, folder, keys)
            for victim in victims:
                appenders[victim] = start(database_url, folder)
        wait_for(lambda: all(one.acknowledged for one in appenders), "appending to go on")
    finally:
        for one in appenders:
            one.kill()
        watch.stop()
    _check_nothing_is_ahead(store, folder, keys)
    keeper_of(store, folder).take_turn(at_once=True)
    acknowledged = [event_id for one in (*dead, *appenders) for event_id in one.acknowledged]
    assert len(watch.seen) > _KILLS
    _check_log(store, folder, keys, acknowledged, watch.seen)
    store.close()


def _check_nothing_is_ahead(store: Store, folder: Path, keys: list[NoteKey]) -> None:
    """While nobody writes: whatever was signed or published, the database has all of it."""
    published = published_checkpoint(folder)
    with store.read() as view:
        check_start(view.log, OwnKeys(epochs=(LogEpoch(keys=tuple(keys)),)), published=published)
        last = view.log.checkpoint()
        size = view.log.size()
    assert last is None or last.size <= size
    assert published is None or (last is not None and verify_checkpoint(published, keys).size <= last.size)


def _check_log(
    store: Store, folder: Path, keys: list[NoteKey], acknowledged: list[str], seen: list[Checkpoint]
) -> None:
    def read(path: str) -> bytes | None:
        return (folder / path).read_bytes() if (folder / path).exists() else None

    check = Verification(store=store, own=OwnKeys(epochs=(LogEpoch(keys=tuple(keys)),)), published=read)
    for _ in check.steps():
        pass
    assert check.findings == []
    with store.read() as view:
        size = view.log.size()
        entries = view.log.entries(0, size)
        events = [event.event_id for _, event in view.events(after=0, limit=1_000_000)]
        assert [entry.event_id for entry in entries] == events, "every staged event, once, in its order"
        assert len(set(events)) == len(events) == size
        assert set(acknowledged) <= set(events)
        assert len(acknowledged) == len(set(acknowledged))
        assert view.log.waiting(1) == []
        last = view.log.checkpoint()
        assert last is not None
        assert last.size == size
        _check_seen(seen, entries)
        for head in seen:
            proof = consistency_proof(head.size, size, view.log.tile)
            check_consistency(old_size=head.size, old_root=head.root, size=size, root=last.root, proof=proof)
        for index in {0, size // 2, size - 1}:
            proof = inclusion_proof(index, size, view.log.tile)
            leaf_hash = hash_leaf(entries[index].leaf)
            check_inclusion(leaf_hash=leaf_hash, index=index, size=size, proof=proof, root=last.root)
        assert root_of(size, view.log.tile) == last.root


def _check_seen(seen: list[Checkpoint], entries: list[LogEntry] | object) -> None:
    """Each checkpoint that was ever published is over the first entries as they are now."""
    tree, root = Frontier(size=0, hashes=()), EMPTY_ROOT
    hashes = [hash_leaf(entry.leaf) for entry in entries]  # type: ignore[attr-defined]
    for head in seen:
        tree = tree.extended(hashes[tree.size : head.size])
        root = tree.root()
        assert (tree.size, root) == (head.size, head.root)
