"""Change what opens a key store: the keys stay sealed as they are, and the store's own key is wrapped anew.

Everything in the store hangs on one key of 32 bytes. At first the unlock secret is that key, once derived;
after a change store.json holds it, wrapped under what the new secret becomes. So one file is written, whole.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keys.file_store import STORE_KEY, checked_unlock
from keys.inventory import STORE, read_inventory, write_inventory
from keys.locks import changing
from keys.sealing import Cost, Derivation, Sealer
from keys.secret import overwrite


def relock(directory: Path, sealer: Sealer, *, unlock: bytes | bytearray, cost: Cost) -> None:
    """Let another secret open the store from now on; `sealer` is what opened it. `cost` is that of its sort.

    Raises OurFault `key-store-invalid` for a secret that is too short.
    """
    checked_unlock(unlock)
    derivation = Derivation.fresh(cost)
    derived = derivation.derive(unlock)
    wrapped = Sealer(agency=sealer.agency, key=derived).seal(STORE_KEY, STORE, sealer.key)
    overwrite(derived)
    with changing(directory):
        inventory = read_inventory(directory, agency=sealer.agency)
        write_inventory(directory, replace(inventory, derivation=derivation, wrapped=wrapped))
