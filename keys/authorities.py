"""The agency's certificate authorities: the present one, the next while partners learn it, those before.

Each has a key in the inventory and a certificate in `tls-authority-ID.pem`; the first one that a home was
made with lies in `tls-authority.pem`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import OurFault, Refused
from keys.authority import Authority, make_authority
from keys.inventory import Inventory, KeyEntry, read_inventory, write_inventory
from keys.locks import changing
from keys.purposes import Purpose
from keys.sealing import write_private
from keys.states import ON_CARD, KeyState
from keys.stores import KeyStore, Stores, store_at

#: Where the certificate of the authority lies that a home was made with.
AUTHORITY_FILE: Final = "tls-authority.pem"


@dataclass(frozen=True, kw_only=True)
class HeldAuthority:
    """One authority as it stands: its key's entry and its certificate."""

    entry: KeyEntry
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """Return the certificate as it stands on a card."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


def held_authorities(directory: Path, inventory: Inventory) -> Sequence[HeldAuthority]:
    """Return the authorities that stand on our card: the current one, then the next, then those before."""
    order = {KeyState.CURRENT: 0, KeyState.NEXT: 1, KeyState.KEPT: 2}
    entries = sorted(inventory.of(Purpose.TLS_AUTHORITY, *ON_CARD), key=lambda e: (order[e.state], e.made_at))
    return [HeldAuthority(entry=entry, certificate=_certificate(directory, entry)) for entry in entries]


def load_authority(held: HeldAuthority, stores: Stores) -> Authority:
    """Return an authority with its key; raise OurFault `key-store-invalid`."""
    key = store_at(held.entry.where, stores).load(held.entry)
    if isinstance(key, bytes):
        raise OurFault("key-store-invalid", "The certificate authority's key is not on P-256.")
    return Authority(certificate=held.certificate, key=key)


def make_next_authority(directory: Path, agency: str, store: KeyStore, *, at: datetime) -> HeldAuthority:
    """Make the authority to come, with a key in a store; partners learn it from our card.

    Raises Refused `transition-invalid` when there is one already. A crash before the inventory is written
    leaves a key and a certificate that nothing names.
    """
    with changing(directory):
        inventory = read_inventory(directory, agency=agency)
        if inventory.next(Purpose.TLS_AUTHORITY) is not None:
            raise Refused("transition-invalid", "A next authority is made already; `hub ca switch` uses it.")
        entry, certificate = make_with_certificate(directory, agency, store, at)
        write_inventory(directory, inventory.put(entry))
    return HeldAuthority(entry=entry, certificate=certificate)


def switch_authority(directory: Path, agency: str, *, at: datetime) -> HeldAuthority:
    """Let the next authority issue from now on; the one before stays on our card.

    The hub's leaf is to be issued anew afterwards; a crash between leaves the old one, which is taken still.
    """
    with changing(directory):
        inventory = read_inventory(directory, agency=agency).switched(Purpose.TLS_AUTHORITY, at)
        write_inventory(directory, inventory)
    return held_authorities(directory, inventory)[0]


def retire_authority(directory: Path, agency: str, stores: Stores, *, at: datetime) -> Sequence[str]:
    """Take the authorities before the present one off our card and destroy their keys; return their ids."""
    with changing(directory):
        inventory = read_inventory(directory, agency=agency)
        kept = inventory.of(Purpose.TLS_AUTHORITY, KeyState.KEPT)
        if not kept:
            raise Refused("not-found", "No authority from before stands on our card any more.")
        write_inventory(directory, inventory.put(*(one.stepped(KeyState.RETIRED, at) for one in kept)))
    for entry in kept:
        store_at(entry.where, stores).destroy(entry)
    return [entry.key_id for entry in kept]


def give_up_authority(
    directory: Path,
    agency: str,
    stores: Stores,
    store: KeyStore,
    *,
    key_id: str | None,
    why: str,
    at: datetime,
) -> KeyEntry:
    """Give up an authority, the present one or one by its key's id, and return its entry as it is then.

    In the place of the present one comes a fresh one, with a key in `store`; one that was to come goes with
    it. Its key is destroyed, so what it issued can be revoked no more: it is off our card instead.
    """
    with changing(directory):
        before = read_inventory(directory, agency=agency)
        entry = before.current(Purpose.TLS_AUTHORITY) if key_id is None else before.entry(key_id)
        gone = replace(
            entry.stepped(KeyState.COMPROMISED, at), why=why, destroyed_at=entry.destroyed_at or at
        )
        steps = [gone]
        if entry.state is KeyState.CURRENT:
            fresh = make_with_certificate(directory, agency, store, at)[0]
            following = before.next(Purpose.TLS_AUTHORITY)
            steps += [] if following is None else [following.stepped(KeyState.RETIRED, at)]
            steps.append(fresh.stepped(KeyState.CURRENT, at))
        write_inventory(directory, before.put(*steps))
    for one in steps:
        if not one.held:
            store_at(one.where, stores).destroy(one)
    return gone


def make_with_certificate(
    directory: Path, agency: str, store: KeyStore, at: datetime
) -> tuple[KeyEntry, x509.Certificate]:
    """Make an authority's key in a store, and its certificate beside; no inventory names them yet."""
    entry = store.make(Purpose.TLS_AUTHORITY, at=at)
    key = store.load(entry)
    if isinstance(key, bytes):
        raise OurFault("key-store-invalid", "The key store makes no keys for an authority.")
    certificate = make_authority(agency, at=at, key=key).certificate
    write_private(directory / _file_name(entry), certificate.public_bytes(Encoding.PEM))
    return entry, certificate


def _certificate(directory: Path, entry: KeyEntry) -> x509.Certificate:
    own = directory / _file_name(entry)
    path = own if own.exists() else directory / AUTHORITY_FILE
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        raise OurFault("key-store-invalid", f"The authority in {path.name} cannot be read.") from None


def _file_name(entry: KeyEntry) -> str:
    return f"tls-authority-{entry.key_id}.pem"
