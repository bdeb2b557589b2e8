"""All keys of one agency as they stand at one state of the inventory; never changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from hub.audit.notes import NoteSigner
from hub.envelope.keys import (
    DecryptionKeys,
    PublicKey,
    PublicKeys,
    SigningKeys,
    XWingPublicKey,
    thumbprint,
    xwing_from_seed,
)
from hub.envelope.vault import MasterKeys
from hub.ports.keyring import NoteKeySet
from keys.algorithms import PrivateKey, public_key, public_of
from keys.inventory import Inventory, KeyEntry
from keys.log_keys import LOG, WITNESS, NotePair, key_sets
from keys.purposes import ALGORITHMS, Purpose
from keys.states import ON_CARD, KeyState
from keys.stores import Stores, store_at

#: Read when the hub starts; the others (the authority) only when something asks for them.
_AT_HAND = frozenset(Purpose) - {Purpose.TLS_AUTHORITY}
_OPENING = (Purpose.DECRYPT_P256, Purpose.DECRYPT_XWING, Purpose.MASTER)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The keys in memory. `privates` are by the id of the key."""

    inventory: Inventory
    privates: Mapping[str, PrivateKey] = field(repr=False)
    signing: SigningKeys
    signed_before: tuple[SigningKeys, ...]
    decryption: DecryptionKeys = field(repr=False)
    public: PublicKeys
    public_ever: PublicKeys
    given_up: Mapping[str, datetime]
    master: MasterKeys = field(repr=False)
    token: ec.EllipticCurvePrivateKey = field(repr=False)
    token_verifiers: tuple[ec.EllipticCurvePublicKey, ...]
    log_sets: tuple[NoteKeySet, ...]
    witness_sets: tuple[NoteKeySet, ...]

    def log(self) -> tuple[NoteSigner, ...]:
        """Return the present keys of our log."""
        return _signers(self.inventory, LOG, self.log_sets, KeyState.CURRENT)

    def witness(self) -> tuple[NoteSigner, ...]:
        """Return the present keys of our witness, and the next ones where there are: both sets cosign."""
        return _signers(self.inventory, WITNESS, self.witness_sets, KeyState.CURRENT, KeyState.NEXT)


def load_keys(inventory: Inventory, stores: Stores, *, before: Loaded | None = None) -> Loaded:
    """Load what is in use; a key that is in memory `before` is not read again.

    Raises what a store raises for a key that it cannot load, and OurFault `key-store-invalid`.
    """
    known = before.privates if before else {}
    privates = {
        entry.key_id: known[entry.key_id] if entry.key_id in known else load_private(entry, stores)
        for entry in inventory.entries
        if _in_use(entry)
    }
    reading = _Reading(inventory=inventory, privates=privates)
    xwing = {key_id: xwing_from_seed(seed) for key_id, seed in reading.seeds(Purpose.DECRYPT_XWING)}
    p256 = dict(reading.curves(Purpose.DECRYPT_P256))
    return Loaded(
        inventory=inventory,
        privates=privates,
        signing=SigningKeys(
            es256=reading.curve(Purpose.SIGN_ES256),
            mldsa65=MLDSA65PrivateKey.from_seed_bytes(reading.seed(Purpose.SIGN_ML_DSA_65)),
        ),
        signed_before=tuple(reading.pairs_before()),
        decryption=DecryptionKeys(
            p256={thumbprint(key.public_key()): key for key in p256.values()},
            xwing={thumbprint(public): key for key, public in xwing.values()},
        ),
        public=_public(reading, lambda entry: entry.state in ON_CARD),
        public_ever=_public(reading, lambda entry: entry.used_from is not None),
        given_up=_given_up(inventory),
        master=_masters(reading),
        token=reading.curve(Purpose.TOKEN_ES256),
        log_sets=key_sets(inventory, LOG, privates),
        witness_sets=key_sets(inventory, WITNESS, privates),
        token_verifiers=tuple(reading.verifiers(Purpose.TOKEN_ES256)),
    )


def load_private(entry: KeyEntry, stores: Stores) -> PrivateKey:
    """Return one private key from the store that it lies in."""
    return store_at(entry.where, stores).load(entry)


def _in_use(entry: KeyEntry) -> bool:
    """Tell whether a private key is needed: on our card, or it opens what was sealed with it before."""
    opens_old = entry.purpose in _OPENING and entry.held
    return entry.purpose in _AT_HAND and (entry.state in ON_CARD or opens_old)


def _given_up(inventory: Inventory) -> Mapping[str, datetime]:
    """Return the ids of the signing keys that were given up, the last first, also of one never used."""
    gone = [
        one
        for purpose in (Purpose.SIGN_ES256, Purpose.SIGN_ML_DSA_65)
        for one in inventory.of(purpose, KeyState.COMPROMISED)
    ]
    gone.sort(key=lambda one: (one.since, one.key_id), reverse=True)
    return {one.kid: one.since for one in gone if one.kid}


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """Finds keys by their purpose."""

    inventory: Inventory
    privates: Mapping[str, PrivateKey] = field(repr=False)

    def curve(self, purpose: Purpose) -> ec.EllipticCurvePrivateKey:
        return _curve(self.privates[self.inventory.current(purpose).key_id])

    def seed(self, purpose: Purpose) -> bytes:
        return _seed(self.privates[self.inventory.current(purpose).key_id])

    def curves(self, purpose: Purpose) -> Iterator[tuple[str, ec.EllipticCurvePrivateKey]]:
        return ((e.key_id, _curve(self.privates[e.key_id])) for e in self._held(purpose))

    def seeds(self, purpose: Purpose) -> Iterator[tuple[str, bytes]]:
        return ((e.key_id, _seed(self.privates[e.key_id])) for e in self._held(purpose))

    def pairs_before(self) -> Iterator[SigningKeys]:
        """Yield the pairs of before, the newest first: at each switch of either, what was current with it."""
        kept = {KeyState.CURRENT, KeyState.KEPT}
        es256 = self.inventory.of(Purpose.SIGN_ES256, *kept)
        mldsa65 = self.inventory.of(Purpose.SIGN_ML_DSA_65, *kept)
        ends = sorted({e.used_until for e in (*es256, *mldsa65) if e.used_until}, reverse=True)
        for end in ends:
            pair = [next((e for e in of if _current_before(e, end)), None) for of in (es256, mldsa65)]
            if pair[0] is not None and pair[1] is not None:
                yield SigningKeys(
                    es256=_curve(self.privates[pair[0].key_id]),
                    mldsa65=MLDSA65PrivateKey.from_seed_bytes(_seed(self.privates[pair[1].key_id])),
                )

    def published(
        self, purpose: Purpose, which: Callable[[KeyEntry], bool]
    ) -> tuple[dict[str, PublicKey], str]:
        """Return those of a purpose's public keys, by their ids, and which is the current one."""
        algorithm, found, current = ALGORITHMS[purpose], {}, ""
        for entry in filter(which, self.inventory.of(purpose)):
            # Not what store.json says where the key is there: who can write there alone must not put another
            # key onto our card. Of a destroyed key, which stands on none, store.json is all there is.
            private = self.privates.get(entry.key_id)
            raw = entry.public if private is None else public_of(algorithm, private)
            key = None if raw is None else public_key(algorithm, raw)
            if key is None:
                continue
            kid = thumbprint(key)
            found[kid] = key
            current = kid if entry.state is KeyState.CURRENT else current
        return found, current

    def verifiers(self, purpose: Purpose) -> Iterator[ec.EllipticCurvePublicKey]:
        for entry in self.inventory.of(purpose, *ON_CARD):
            yield _curve(self.privates[entry.key_id]).public_key()

    def _held(self, purpose: Purpose) -> Iterator[KeyEntry]:
        return (e for e in self.inventory.of(purpose) if e.key_id in self.privates)


def _current_before(entry: KeyEntry, end: datetime) -> bool:
    """Tell whether a key was current just before a moment, at which another may have taken over."""
    began, ended = entry.used_from, entry.used_until
    return ended == end or (began is not None and began <= end and (ended is None or ended > end))


def _public(reading: _Reading, which: Callable[[KeyEntry], bool]) -> PublicKeys:
    es256, _ = reading.published(Purpose.SIGN_ES256, which)
    mldsa65, _ = reading.published(Purpose.SIGN_ML_DSA_65, which)
    p256, encrypt_p256 = reading.published(Purpose.DECRYPT_P256, which)
    xwing, encrypt_xwing = reading.published(Purpose.DECRYPT_XWING, which)
    return PublicKeys(
        agency=reading.inventory.agency,
        es256=cast(dict[str, ec.EllipticCurvePublicKey], es256),
        mldsa65=cast(dict[str, MLDSA65PublicKey], mldsa65),
        p256=cast(dict[str, ec.EllipticCurvePublicKey], p256),
        xwing=cast(dict[str, XWingPublicKey], xwing),
        encrypt_p256=encrypt_p256,
        encrypt_xwing=encrypt_xwing,
    )


def _masters(reading: _Reading) -> MasterKeys:
    current = reading.seed(Purpose.MASTER)
    return MasterKeys(
        current=current, kept=tuple(seed for _, seed in reading.seeds(Purpose.MASTER) if seed != current)
    )


def _signers(
    inventory: Inventory, pair: NotePair, sets: Sequence[NoteKeySet], *states: KeyState
) -> tuple[NoteSigner, ...]:
    used = [entry.state in states for entry in inventory.of(pair.ed25519)]
    return tuple(s for one, is_used in zip(sets, used, strict=False) if is_used for s in one.signers)


def _curve(private: PrivateKey) -> ec.EllipticCurvePrivateKey:
    if isinstance(private, bytes):
        raise ValueError("a key is not on P-256")
    return private


def _seed(private: PrivateKey) -> bytes:
    if not isinstance(private, bytes):
        raise ValueError("a key is not of 32 bytes")
    return private
