"""The database: tables, unit of work, queue, migrations; and attachment ciphertext on disk."""

from hub.storage.store import open_store, upgrade

__all__ = ["open_store", "upgrade"]
