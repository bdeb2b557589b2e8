"""A database of its own, for a moment: to see that no change is committed without its entry."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hub.errors import OurFault
from hub.storage import open_store


def refuses_changes_without_entries() -> bool:
    """Change something in a new database without an entry; tell whether the commit was refused."""
    with tempfile.TemporaryDirectory(prefix="hub-coverage-") as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'hub.sqlite3'}", create=True)
        try:
            with store.work() as work:
                work.books.number_on("kz-mvd", 1)
                work.commit()
        except OurFault as fault:
            return fault.code == "audit-missing"
        finally:
            store.close()
    return False
