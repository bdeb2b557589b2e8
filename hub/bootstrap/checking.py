"""A database that takes no change before its audit log was compared with what was signed of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from hub.exchange.log.checking import check_start
from hub.exchange.log.epochs import own_keys
from hub.exchange.log.publishing import published_checkpoint
from hub.ports import Keyring, Store, UnitOfWork, View


class CheckedStore:
    """Implements `hub.ports.Store`. Reading is always possible; the first change waits for the check.

    `before_changes` is called once after it, with the store that takes changes at once.
    """

    def __init__(self, store: Store, check: Callable[[], None]) -> None:
        self._store = store
        self._check = check
        self._checked = False
        self._is_noted = False
        self.before_changes: Callable[[Store], object] = lambda _store: None

    def check(self) -> None:
        """Compare the log with what was signed of it, once; raise IntegrityFailure when it differs."""
        if not self._checked:
            self._check()
            self._checked = True

    @property
    def unchecked(self) -> Store:
        """Return the store that takes changes whatever the check says, to put the log right."""
        return self._store

    @contextmanager
    def work(self) -> Iterator[UnitOfWork]:
        """Open a unit of work, after the check."""
        self.check()
        if not self._is_noted:
            self.before_changes(self._store)
            self._is_noted = True
        with self._store.work() as work:
            yield work

    def read(self) -> AbstractContextManager[View]:
        """Open a snapshot to read from."""
        return self._store.read()

    def close(self) -> None:
        """Close all connections."""
        self._store.close()


def checked(store: Store, keyring: Keyring, folder: Path) -> CheckedStore:
    """Return a store whose log is compared with its newest checkpoint and with the published one."""

    def check() -> None:
        # Before the snapshot, or another process could publish what the snapshot does not show yet.
        published = published_checkpoint(folder)
        with store.read() as view:
            check_start(view.log, own_keys(view.log, keyring), published=published)

    return CheckedStore(store, check)
