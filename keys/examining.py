"""Look at a key store from outside and from inside, and say in words what is wrong with it."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from hub.errors import HubError, OurFault
from keys.algorithms import public_of
from keys.findings import Finding, fine, soon, wrong
from keys.inventory import Inventory, KeyEntry, Where
from keys.keyring import FileKeyring
from keys.policy import AGES, KeyPolicy
from keys.purposes import ALGORITHMS
from keys.states import KeyState
from keys.stores import store_at

_SOON: Final = timedelta(days=30)
#: A clock that is this far behind what was written earlier is wrong, and not merely set right.
_CLOCK: Final = timedelta(minutes=5)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def examine_modes(places: Iterable[Path]) -> Iterator[Finding]:
    """Look whether others of this machine may read, write or enter what is ours alone."""
    open_to_others = [place for place in places if place.stat().st_mode & _OTHERS]
    for place in open_to_others:
        yield wrong(
            "file-mode",
            str(place),
            f"Others may look into {place}; expected mode {'700' if place.is_dir() else '600'}.",
            f"chmod go-rwx {place}",
            code="key-store-invalid",
        )
    if not open_to_others:
        yield fine("file-mode", "home", "Nobody else may look into the home and its keys.")


def examine_store(keyring: FileKeyring, *, at: datetime) -> Iterator[Finding]:
    """Look at an opened store: its keys in files, its certificates, the ages of all keys, and the clock."""
    inventory = keyring.inventory()
    yield from _examine_clock(inventory, at)
    faults = [one for entry in inventory.entries for one in _examine_file(keyring, entry)]
    yield from faults or [fine("key-files", "keys", "Every key file opens and holds the key on record.")]
    yield from _examine_places(inventory, keyring.policy)
    yield from _examine_ages(inventory, at)
    yield from _examine_authorities(keyring, at)
    yield from _examine_leaf(keyring, at)


def _examine_clock(inventory: Inventory, at: datetime) -> Iterator[Finding]:
    last = max(entry.since for entry in inventory.entries)
    if at < last - _CLOCK:
        yield wrong(
            "clock",
            "clock",
            f"It is {at:%Y-%m-%d %H:%M} UTC on this machine; a key was changed at {last:%Y-%m-%d %H:%M}.",
            "Set the clock right and keep it so (chrony, systemd-timesyncd).",
        )
    else:
        yield fine(
            "clock", "clock", f"The clock says {at:%Y-%m-%d %H:%M} UTC; the last change of a key is past."
        )


def _examine_file(keyring: FileKeyring, entry: KeyEntry) -> Iterator[Finding]:
    """Yield what is wrong with a key that should lie in a file."""
    if entry.where is not Where.FILE or not entry.held:
        return
    name, again = f"{entry.purpose.value} {entry.key_id}", "Bring it back with `hub key restore`."
    try:
        private = store_at(Where.FILE, keyring.stores).load(entry)
    except OurFault as fault:
        yield wrong("key-file", name, fault.sentence, again, code=fault.code)
        return
    if entry.public is not None and public_of(ALGORITHMS[entry.purpose], private) != entry.public:
        yield wrong(
            "key-mismatch", name, f"{entry.file_name} holds another key than store.json has on record.", again
        )


def _examine_places(inventory: Inventory, policy: KeyPolicy) -> Iterator[Finding]:
    for entry in inventory.entries:
        where = policy.where(entry.purpose)
        if entry.state is KeyState.CURRENT and entry.where is not where:
            yield soon(
                "place",
                f"{entry.purpose.value} {entry.key_id}",
                f"The {entry.purpose.value} key lies in a {entry.where.value}; hub.toml says {where.value}.",
                f"hub key rotate {entry.purpose.value}",
            )


def _examine_ages(inventory: Inventory, at: datetime) -> Iterator[Finding]:
    old = False
    for entry in inventory.entries:
        most = AGES.get(entry.purpose)
        used = entry.used_from or entry.made_at
        if most is not None and entry.state is KeyState.CURRENT and at - used > most:
            old = True
            yield soon(
                "age",
                f"{entry.purpose.value} {entry.key_id}",
                f"The {entry.purpose.value} key is in use for {(at - used).days} days; at most {most.days} "
                "are meant.",
                f"hub key rotate {entry.purpose.value}",
            )
    if not old:
        yield fine("age", "keys", "No key is in use for longer than it is meant to be.")


def _examine_authorities(keyring: FileKeyring, at: datetime) -> Iterator[Finding]:
    for held in keyring.authorities():
        name = f"tls-authority {held.entry.key_id}"
        try:
            key = keyring.authority(held).key.public_key()
        except HubError as fault:
            yield wrong("authority", name, fault.sentence, "Bring the key back.", code=fault.code)
            continue
        if key != held.certificate.public_key():
            yield wrong(
                "authority-mismatch",
                name,
                "The certificate of our authority is not that of its key.",
                "Bring the certificate back from a backup.",
            )
        yield from _examine_validity(name, held.certificate, at, "hub ca rotate")


def _examine_leaf(keyring: FileKeyring, at: datetime) -> Iterator[Finding]:
    files = keyring.tls_files()
    try:
        raw = files.certificate.read_bytes()
        leaf = x509.load_pem_x509_certificate(raw)
        key = load_pem_private_key(raw, password=files.password)
        told = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (OSError, TypeError, ValueError) as error:
        yield wrong(
            "leaf", "tls", f"The TLS certificate cannot be used ({type(error).__name__}).", "hub renew"
        )
        return
    if told != leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        yield wrong("leaf-mismatch", "tls", "The TLS certificate is not that of its key.", "hub renew")
    yield from _examine_validity("tls", leaf, at, "hub renew")


def _examine_validity(name: str, certificate: x509.Certificate, at: datetime, fix: str) -> Iterator[Finding]:
    end, begin = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if at < begin:
        yield wrong(
            "not-yet-valid",
            name,
            f"The certificate of {name} is valid from {begin:%Y-%m-%d} on, which is still to come.",
            "Set the clock right.",
        )
    elif at > end:
        yield wrong("expired", name, f"The certificate of {name} ended on {end:%Y-%m-%d}.", fix)
    elif end - at < _SOON:
        yield soon("expires", name, f"The certificate of {name} ends on {end:%Y-%m-%d}.", fix)
    else:
        yield fine("certificate", name, f"The certificate of {name} is valid until {end:%Y-%m-%d}.")
