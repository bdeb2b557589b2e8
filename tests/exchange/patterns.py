"""Hubs that are made, paired and agreed once; each test finds them as they were then."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

from hub.exchange.freshness import Fresh
from hub.storage.blobs import FileBlobStore
from tests.exchange.hubs import Hubs, LinkCarrier
from tests.stores import PostgresPool, StorePool

Pool = StorePool | PostgresPool


@dataclass(kw_only=True)
class Patterns:
    """Hubs by what made them, each over stores of its own."""

    folder: Path
    new_pool: Callable[[], Pool]
    _made: dict[str, tuple[Hubs, Pool]] = field(default_factory=dict)

    def repeat(self, make: Callable[[Hubs], object], hubs: Hubs) -> Hubs:
        """Let hubs, of which there are none yet, be as a function makes them; return them."""
        assert not hubs.stores, "a pattern comes first"
        if make.__qualname__ not in self._made:
            self._made[make.__qualname__] = self._make(make)
        pattern, pool = self._made[make.__qualname__]
        for number, (agency, broker) in enumerate(pattern.network.brokers.items()):
            hubs.stores.append(pool.fresh(number))
            (hubs.folder / agency).mkdir()
            known = copy(broker.standings)
            known.kept = set(known.kept)
            hubs.network.brokers[agency] = replace(
                broker,
                store=hubs.stores[-1],
                keyring=copy(broker.keyring),
                clock=hubs.clock,
                blobs=FileBlobStore(hubs.folder / agency / "attachments"),
                carrier=LinkCarrier(us=agency, network=hubs.network),
                standings=known,
                log_kept=Fresh(),
                log_witnessed=Fresh(),
            )
        return hubs

    def _make(self, make: Callable[[Hubs], object]) -> tuple[Hubs, Pool]:
        pool, numbers = self.new_pool(), itertools.count()
        folder = self.folder / make.__qualname__
        folder.mkdir()
        made = Hubs(folder=folder, new_store=lambda _home: pool.fresh(next(numbers)))
        make(made)
        made.close()
        pool.keep()
        return made, pool
