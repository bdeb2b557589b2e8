"""A process that appends to a log in several threads and keeps it, until it is killed.

It writes the ids of what was committed into a pipe, a line a transaction.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from hub.audit.events import Act
from hub.bootstrap.opening import SystemClock
from hub.exchange.broker import Broker
from hub.exchange.log.keeper import LogKeeper
from hub.limits import Limits
from hub.ports import Store
from hub.storage import open_store
from hub.storage.blobs import FileBlobStore
from tests.exchange.hubs import LinkCarrier, LooseKeyring, Network

_THREADS = 3


def broker_of(store: Store) -> Broker:
    """Return the hub whose log it is, in a hurry: small batches, many checkpoints."""
    return Broker(
        agency="kz-knb",
        store=store,
        keyring=LooseKeyring("kz-knb", 1),
        clock=SystemClock(),
        limits=replace(
            Limits(), log_batch_wait_s=0.005, log_batch_max_entries=16, log_checkpoint_wait_s=0.02
        ),
        blobs=FileBlobStore(Path("/nowhere")),
        carrier=LinkCarrier(us="kz-knb", network=Network()),
    )


def keeper_of(store: Store, folder: Path) -> LogKeeper:
    """Return the keeper of the log."""
    return LogKeeper(broker_of(store), folder)


def append(broker: Broker, told: int) -> None:
    """Commit one to five events at a time, and say so into a descriptor after each commit."""
    number = 0
    while True:
        number = number % 5 + 1
        at = broker.clock.now()
        events = [broker.event(Act.STARTED, broker.itself, broker.agency, at) for _ in range(number)]
        with broker.store.work() as work:
            work.stage(events)
            work.commit()
        os.write(told, (" ".join(event.event_id for event in events) + "\n").encode())


def append_until_killed(url: str, folder: Path, told: Connection) -> None:
    """Append and keep."""
    store = open_store(url)
    keeper_of(store, folder).start()
    threads = [
        threading.Thread(target=append, args=(broker_of(store), told.fileno()), daemon=True)
        for _ in range(_THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
