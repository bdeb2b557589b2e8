"""The key store in files: every private key sealed under the unlock secret, each purpose apart.

store.json            which keys there are, and how the unlock secret becomes a key
store.lock            held by whoever changes keys
noting.lock           held by whoever puts their steps into the audit log
leaf.lock             held by whoever puts another hub leaf in the place of the present one
tls-authority.pem     the agency's certificate authority
tls.pem               the hub's leaf and its key (PKCS #8, encrypted; TLS libraries want it as a file)
PURPOSE-ID.sealed     every other private key
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import OurFault, Refused
from hub.records.ids import is_agency
from keys.authorities import AUTHORITY_FILE
from keys.authority import Authority, make_authority
from keys.file_keys import FileKeys
from keys.inventory import STORE, Inventory, KeyEntry, Where, write_inventory
from keys.leaf import write_leaf
from keys.loaded import load_private
from keys.policy import KeyPolicy
from keys.purposes import Purpose
from keys.sealing import RANDOM_COST, Cost, Derivation, Sealer, sync_directory, write_private
from keys.secret import overwrite
from keys.states import KeyState
from keys.stores import KeyStore, Stores, TokenStore, store_at

_UNLOCK_BYTES_MIN: Final = 16
#: For what the store's own key is sealed.
STORE_KEY: Final = "store-key"
_DEFAULT: Final = KeyPolicy()


def create_store(
    directory: Path,
    *,
    agency: str,
    host_names: Sequence[str],
    unlock: bytes | bytearray,
    at: datetime,
    cost: Cost = RANDOM_COST,
    token: TokenStore | None = None,
    policy: KeyPolicy = _DEFAULT,
    revocation_url: str = "",
) -> None:
    """Make an agency's keys, its certificate authority and its hub's leaf; all of them or nothing.

    `host_names` are the DNS names and IP addresses under which the hub is called, `revocation_url` the
    address under which it says what it revoked. `cost` is that of the unlock secret's sort, and `policy`
    says which keys are made in the token. Raises Refused `home-exists` when there is a store, and never
    writes over one; and what a token raises.
    """
    if directory.exists():
        raise Refused("home-exists", f"{directory} is there already; keys are never written over.")
    if not is_agency(agency):
        raise Refused("request-invalid", "An agency's id looks like kz-knb: lowercase parts and hyphens.")
    derivation = Derivation.fresh(cost)
    sealer = sealer_of(derivation, agency, unlock)
    fresh = directory.with_name(f".{directory.name}.{os.urandom(4).hex()}")
    fresh.mkdir(mode=0o700, parents=True)
    stores: dict[Where, KeyStore] = {Where.FILE: FileKeys(directory=fresh, sealer=sealer)}
    if token is not None:
        stores[Where.TOKEN] = token(fresh, sealer)
    made: list[KeyEntry] = []
    try:
        for purpose in Purpose:
            made.append(store_at(policy.where(purpose), stores).make(purpose, at=at))
        authority = _authority(agency, made, stores, at)
        write_private(fresh / AUTHORITY_FILE, authority.certificate.public_bytes(Encoding.PEM))
        write_leaf(
            fresh,
            sealer,
            authority,
            agency=agency,
            host_names=host_names,
            at=at,
            revocation_url=revocation_url,
        )
        # That the hub was made is one entry of its log, for all of them.
        entries = tuple(replace(entry.stepped(KeyState.CURRENT, at), logged=True) for entry in made)
        write_inventory(fresh, Inventory(agency=agency, derivation=derivation, entries=entries))
        fresh.rename(directory)
    except BaseException:
        _give_up(made, stores)
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_directory(directory.parent)


def sealer_of(
    derivation: Derivation, agency: str, unlock: bytes | bytearray, wrapped: bytes | None = None
) -> Sealer:
    """Return what opens a store's files; takes a noticeable part of a second, by design.

    `wrapped` is the store's key as store.json holds it once the unlock secret was changed.
    """
    checked_unlock(unlock)
    derived = derivation.derive(unlock)
    outer = Sealer(agency=agency, key=derived)
    if wrapped is None:
        return outer
    try:
        return Sealer(agency=agency, key=outer.open(STORE_KEY, STORE, wrapped))
    finally:
        overwrite(derived)


def checked_unlock(unlock: bytes | bytearray) -> None:
    """Raise OurFault `key-store-invalid` for an unlock secret that is too short."""
    if len(unlock) < _UNLOCK_BYTES_MIN:
        raise OurFault("key-store-invalid", f"An unlock secret has at least {_UNLOCK_BYTES_MIN} bytes.")


def _authority(agency: str, made: Sequence[KeyEntry], stores: Stores, at: datetime) -> Authority:
    entry = next(entry for entry in made if entry.purpose is Purpose.TLS_AUTHORITY)
    key = load_private(entry, stores)
    if isinstance(key, bytes):
        raise OurFault("key-store-invalid", "The certificate authority's key is not on P-256.")
    return make_authority(agency, at=at, key=key)


def _give_up(made: Sequence[KeyEntry], stores: Stores) -> None:
    """Destroy what was made in a token for a store that is not to be; a token that fails keeps it."""
    for entry in made:
        with suppress(OurFault):
            store_at(entry.where, stores).destroy(entry)
