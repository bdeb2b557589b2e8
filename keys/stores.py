"""The one seam between the inventory and the places where private keys lie: files, or a token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from hub.errors import OurFault
from keys.algorithms import PrivateKey
from keys.inventory import KeyEntry, Where
from keys.purposes import Purpose
from keys.sealing import Sealer


class KeyStore(Protocol):
    """Makes, loads and destroys private keys; the inventory says which there are and what they are for.

    A key is made before the inventory names it and destroyed after the inventory said so: what a crash
    leaves between the two is a key that nothing uses.
    """

    def make(self, purpose: Purpose, *, at: datetime) -> KeyEntry:
        """Make a key and return its entry in state `next`, with its public half; name it nowhere yet."""
        ...

    def load(self, entry: KeyEntry) -> PrivateKey:
        """Return a private key: any `EllipticCurvePrivateKey`, or the 32 bytes another one is made of.

        Raises OurFault `key-store-invalid`, or a code of the store's own where it may come back by itself.
        """
        ...

    def destroy(self, entry: KeyEntry) -> None:
        """Destroy a private key; one that is gone already is none to complain of."""
        ...


#: The stores of one agency, by where they are.
Stores = Mapping[Where, KeyStore]

#: Makes the store of what lies in a token; the directory keeps, sealed, what is public of it.
TokenStore = Callable[[Path, Sealer], KeyStore]


def store_at(where: Where, stores: Stores) -> KeyStore:
    """Return the store at a place; raise OurFault `key-store-invalid` where there is none."""
    store = stores.get(where)
    if store is None:
        raise OurFault(
            "key-store-invalid",
            f"Keys lie in a {where.value}, and none is configured here; see [{where.value}] in hub.toml.",
        )
    return store
