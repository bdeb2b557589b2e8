"""The key store in files: every private key sealed under the unlock secret, each purpose apart.

store.json            which keys there are, and how the unlock secret becomes a key
store.lock            held by whoever changes keys
tls-authority.pem     the agency's certificate authority
tls.pem               the hub's leaf and its key (PKCS #8, encrypted; TLS libraries want it as a file)
PURPOSE-ID.sealed     every other private key
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import OurFault, Refused
from hub.records.ids import is_agency
from keys.algorithms import p256_secret
from keys.authority import Authority, make_authority
from keys.file_keys import FileKeys
from keys.inventory import Inventory, write_inventory
from keys.leaf import AUTHORITY_FILE, write_leaf
from keys.purposes import Purpose
from keys.sealing import Derivation, Sealer, sync_directory, write_private
from keys.states import KeyState

_UNLOCK_BYTES_MIN: Final = 16


def create_store(
    directory: Path, *, agency: str, host_names: Sequence[str], unlock: bytes, at: datetime
) -> None:
    """Make an agency's keys, its certificate authority and its hub's leaf; all of them or nothing.

    `host_names` are the DNS names and IP addresses under which the hub is called. Raises Refused
    `home-exists` when there is a store, and never writes over one.
    """
    if directory.exists():
        raise Refused("home-exists", f"{directory} is there already; keys are never written over.")
    if not is_agency(agency):
        raise Refused("request-invalid", "An agency's id looks like kz-knb: lowercase parts and hyphens.")
    derivation = Derivation(salt=os.urandom(16))
    sealer = sealer_of(derivation, agency, unlock)
    fresh = directory.with_name(f".{directory.name}.{os.urandom(4).hex()}")
    fresh.mkdir(mode=0o700, parents=True)
    try:
        authority = make_authority(agency, at=at)
        _fill(FileKeys(directory=fresh, sealer=sealer), derivation, authority, at)
        write_leaf(fresh, sealer, authority, agency=agency, host_names=host_names, at=at)
        fresh.rename(directory)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_directory(directory.parent)


def sealer_of(derivation: Derivation, agency: str, unlock: bytes) -> Sealer:
    """Return what opens a store's files; takes a noticeable part of a second, by design."""
    if len(unlock) < _UNLOCK_BYTES_MIN:
        raise OurFault("key-store-invalid", f"An unlock secret has at least {_UNLOCK_BYTES_MIN} bytes.")
    return Sealer(agency=agency, key=derivation.derive(unlock))


def _fill(files: FileKeys, derivation: Derivation, authority: Authority, at: datetime) -> None:
    certificate = authority.certificate.public_bytes(Encoding.PEM)
    write_private(files.directory / AUTHORITY_FILE, certificate)
    made = [files.keep(Purpose.TLS_AUTHORITY, p256_secret(authority.key), at=at)]
    made += [files.make(purpose, at=at) for purpose in Purpose if purpose is not Purpose.TLS_AUTHORITY]
    entries = tuple(entry.stepped(KeyState.CURRENT, at) for entry in made)
    inventory = Inventory(agency=files.sealer.agency, derivation=derivation, entries=entries)
    write_inventory(files.directory, inventory)
