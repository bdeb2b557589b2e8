"""The keys of one agency in memory, following what another process changes in the store."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from hub.audit.notes import NoteSigner
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys
from hub.envelope.vault import MasterKeys
from hub.errors import HubError, OurFault
from hub.ports.keyring import NoteKeySet
from keys.authorities import HeldAuthority, held_authorities, load_authority
from keys.authority import Authority
from keys.file_keys import FileKeys
from keys.file_store import sealer_of
from keys.inventory import STORE, Inventory, Where, read_inventory, store_invalid
from keys.leaf import TlsFiles, read_tls_files, write_leaf
from keys.loaded import Loaded, load_keys
from keys.policy import KeyPolicy
from keys.purposes import Purpose
from keys.sealing import Sealer
from keys.stores import KeyStore, Stores, TokenStore, store_at

#: How long what was read of the store is believed before its file is looked at again.
LOOK_AFTER_S: Final = 1.0
_DEFAULT: Final = KeyPolicy()


class Watched(Protocol):
    """A token, as far as a keyring has to know it."""

    def failure(self) -> HubError | None:
        """Return why it cannot be used now."""
        ...

    def prepare(self) -> None:
        """Read its PIN."""
        ...


class FileKeyring:
    """The keys of one agency, held in memory; implements `hub.ports.Keyring`.

    Each access looks at store.json, at most once a second, and reads the keys anew when it has changed.
    """

    def __init__(
        self,
        directory: Path,
        sealer: Sealer,
        stores: Stores,
        *,
        policy: KeyPolicy = _DEFAULT,
        watch: Watched | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._stores = stores
        self._policy = policy
        self._watch = watch
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._looked_s = monotonic_s()
        self.sealer = sealer
        # Before it is read, so that what is written meanwhile is read at the next look.
        self._mark = _mark(directory)
        self._loaded = load_keys(read_inventory(directory, agency=sealer.agency), stores)
        self._read_tls()

    def __repr__(self) -> str:
        return f"FileKeyring(agency={self.agency!r})"

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        agency: str,
        unlock: bytes | bytearray,
        token: TokenStore | None = None,
        policy: KeyPolicy = _DEFAULT,
        watch: Watched | None = None,
    ) -> FileKeyring:
        """Open an agency's key store; `token` makes the store of the keys that lie in no file.

        The token itself is not asked for anything yet: a hub starts while its token is away. `watch` tells
        whether it is there.

        Raises OurFault `key-store-invalid` when there is none, when others may read its files, when it is
        another agency's, or when the unlock secret does not open it.
        """
        inventory = read_inventory(directory, agency=agency)
        try:
            sealer = sealer_of(inventory.derivation, agency, unlock, inventory.wrapped)
            stores: dict[Where, KeyStore] = {Where.FILE: FileKeys(directory=directory, sealer=sealer)}
            if token is not None:
                stores[Where.TOKEN] = token(directory, sealer)
            return cls(directory, sealer, stores, policy=policy, watch=watch)
        except (OSError, ValueError) as error:
            # A secret of the wrong form, or a file that cannot be read; the sentences show neither.
            raise store_invalid(directory, error) from None

    @property
    def agency(self) -> str:
        """Return whose keys these are."""
        return self.sealer.agency

    @property
    def directory(self) -> Path:
        """Return where the store is."""
        return self._directory

    @property
    def stores(self) -> Stores:
        """Return where keys are made and destroyed."""
        return self._stores

    @property
    def policy(self) -> KeyPolicy:
        """Return where new keys are made, and how."""
        return self._policy

    @property
    def has_token(self) -> bool:
        """Tell whether keys lie, or are made, in a token."""
        return self._watch is not None

    def custody_failure(self) -> HubError | None:
        """Return why the token cannot be used now; None where it can, or where there is none."""
        return None if self._watch is None else self._watch.failure()

    def prepare(self) -> None:
        """Read what is needed later, in a process that can no longer ask for it: the token's PIN."""
        if self._watch is not None:
            self._watch.prepare()

    def store_for(self, purpose: Purpose) -> KeyStore:
        """Return where a new key for a purpose is made; raise OurFault `key-store-invalid` for none."""
        return store_at(self._policy.where(purpose), self._stores)

    def inventory(self) -> Inventory:
        """Return which keys there are, in which state."""
        return self._now().inventory

    def look_again(self) -> None:
        """Read the store now, however lately it was looked at: after a change by this process."""
        with self._lock:
            self._follow()

    def signing(self) -> SigningKeys:
        """Return the keys that sign records and receipts."""
        return self._now().signing

    def signing_known(self, kids: Collection[str]) -> SigningKeys | None:
        """Return the newest pair of signing keys whose ids are both among these; kept ones count too."""
        now = self._now()
        for pair in (now.signing, *now.signed_before):
            if {pair.es256_kid, pair.mldsa65_kid} <= set(kids):
                return pair
        return None

    def decryption(self) -> DecryptionKeys:
        """Return every key that opens envelopes, those no longer on the card included."""
        return self._now().decryption

    def public(self) -> PublicKeys:
        """Return the public halves, as they stand on our card."""
        return self._now().public

    def public_ever(self) -> PublicKeys:
        """Return the public halves of every key that was ever in use, those destroyed since too."""
        return self._now().public_ever

    def given_up(self) -> Mapping[str, datetime]:
        """Return the ids of the signing keys that were given up as compromised, and when each was."""
        return self._now().given_up

    def master_key(self) -> MasterKeys:
        """Return what wraps the keys of bodies at rest, and what still unwraps older ones.

        store.json is looked at each time: whatever a body was wrapped by stood there before the body did.
        """
        return self._at_once().master

    def token_key(self) -> ec.EllipticCurvePrivateKey:
        """Return the key that signs access tokens (ES256)."""
        return self._now().token

    def token_verifiers(self) -> tuple[ec.EllipticCurvePublicKey, ...]:
        """Return the keys that verify access tokens, those used next and those used before too."""
        return self._now().token_verifiers

    def log_signers(self) -> tuple[NoteSigner, ...]:
        """Return the keys that sign our log's checkpoints, of both algorithms."""
        return self._now().log()

    def log_key_sets(self) -> tuple[NoteKeySet, ...]:
        """Return every set of keys that our log ever had, oldest first.

        As `master_key`: a set stood in store.json before the log's tables named it.
        """
        return self._at_once().log_sets

    def witness_signers(self) -> tuple[NoteSigner, ...]:
        """Return the keys that cosign others' checkpoints, of both algorithms."""
        return self._now().witness()

    def witness_key_sets(self) -> tuple[NoteKeySet, ...]:
        """Return every set of keys that our witness ever had, oldest first."""
        return self._now().witness_sets

    def tls_files(self) -> TlsFiles:
        """Return the leaf that this hub answers and calls with."""
        self._now()
        return self._tls

    def authorities(self) -> Sequence[HeldAuthority]:
        """Return the authorities that stand on our card, the one that issues now before the others."""
        self._now()
        return self._authorities

    def authority(self, held: HeldAuthority | None = None) -> Authority:
        """Return an authority, or the present one; its key is read when it is asked for and not kept."""
        return load_authority(held or self.authorities()[0], self._stores)

    def _read_tls(self) -> None:
        self._authorities = held_authorities(self._directory, self._loaded.inventory)
        self._tls = read_tls_files(self._directory, self.sealer, self._authorities[0].pem)

    def _at_once(self) -> Loaded:
        """Return the keys after a look at store.json, however lately it was looked at."""
        if _mark(self._directory) != self._mark:
            self.look_again()
        return self._now()

    def _now(self) -> Loaded:
        if self._monotonic_s() - self._looked_s >= LOOK_AFTER_S:
            with self._lock:
                if self._monotonic_s() - self._looked_s >= LOOK_AFTER_S:
                    self._follow()
        return self._loaded

    def _follow(self) -> None:
        """Read the store again if it has changed; what cannot be read is said at each access, until it can.

        To go on with the keys of before could go on with one that was given up as compromised.
        """
        while (mark := _mark(self._directory)) != self._mark:
            try:
                inventory = read_inventory(self._directory, agency=self.agency)
                self._loaded = load_keys(inventory, self._stores, before=self._loaded)
            except OurFault:
                # A key that was destroyed between the two readings: the newer inventory says so.
                if mark == _mark(self._directory):
                    raise
                continue
            self._read_tls()
            self._mark = mark
        self._looked_s = self._monotonic_s()


def renew_leaf(
    keyring: FileKeyring, *, host_names: Sequence[str], at: datetime, revocation_url: str = ""
) -> None:
    """Replace the hub's leaf and its key, before the year is over or when the host names change.

    A running hub takes the new leaf for new connections by itself; partners have nothing to do.
    """
    write_leaf(
        keyring.directory,
        keyring.sealer,
        keyring.authority(),
        agency=keyring.agency,
        host_names=host_names,
        at=at,
        revocation_url=revocation_url,
    )


def _mark(directory: Path) -> tuple[int, int, int]:
    """Return what tells one writing of store.json from another: it is never written in place."""
    try:
        seen = os.stat(os.path.join(directory, STORE))
    except OSError as error:
        raise store_invalid(directory, error) from None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size
