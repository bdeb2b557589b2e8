"""The key store in files: every private key sealed under the unlock secret, each purpose apart.

store.json            what the store is and how the unlock secret becomes a key
tls-authority.pem     the agency's certificate authority
tls.pem, tls.key      the hub's leaf and its key (PKCS #8, encrypted; TLS libraries want it as a file)
PURPOSE-ID.sealed     every other private key; a purpose may have several, `current` names the one in use
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from hub.audit.notes import NoteSigner
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys, thumbprint, xwing_from_seed
from hub.errors import OurFault, Refused
from hub.records.ids import is_agency, new_id
from keys.authority import Authority, issue_hub_leaf, make_authority
from keys.log_keys import log_signers, witness_signers
from keys.sealing import Derivation, Sealer, sync_directory, write_private

_FORMAT: Final = "hub-keys/1"
_STORE: Final = "store.json"
_AUTHORITY: Final = "tls-authority.pem"
_LEAF: Final = "tls.pem"
_SECRET_BYTES: Final = 32
_UNLOCK_BYTES_MIN: Final = 16


class Purpose(Enum):
    """What a private key is for. No key serves two."""

    TLS_AUTHORITY = "tls-authority"
    SIGN_ES256 = "sign-es256"
    SIGN_ML_DSA_65 = "sign-ml-dsa-65"
    DECRYPT_P256 = "decrypt-p256"
    DECRYPT_XWING = "decrypt-xwing"
    TOKEN_ES256 = "token-es256"  # noqa: S105 (a purpose, not a secret)
    LOG_ED25519 = "log-ed25519"
    LOG_ML_DSA_44 = "log-ml-dsa-44"
    WITNESS_ED25519 = "witness-ed25519"
    WITNESS_ML_DSA_44 = "witness-ml-dsa-44"
    MASTER = "master"


_ON_P256: Final = (Purpose.SIGN_ES256, Purpose.DECRYPT_P256, Purpose.TOKEN_ES256)
_RANDOM: Final = (
    Purpose.SIGN_ML_DSA_65,
    Purpose.DECRYPT_XWING,
    Purpose.LOG_ED25519,
    Purpose.LOG_ML_DSA_44,
    Purpose.WITNESS_ED25519,
    Purpose.WITNESS_ML_DSA_44,
    Purpose.MASTER,
)


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """The file that holds the hub's leaf and its encrypted key, and what opens the key."""

    certificate: Path
    password: bytes = field(repr=False)
    authority_pem: str = field(repr=False)


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
    sealer = _sealer(derivation, agency, unlock)
    fresh = directory.with_name(f".{directory.name}.{os.urandom(4).hex()}")
    fresh.mkdir(mode=0o700, parents=True)
    try:
        _fill(fresh, sealer, derivation, agency, host_names, at)
        fresh.rename(directory)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_directory(directory.parent)


def renew_leaf(
    directory: Path, *, agency: str, host_names: Sequence[str], unlock: bytes, at: datetime
) -> None:
    """Replace the hub's leaf and its key, before the year is over or when the host names change.

    A running hub takes the new leaf for new connections by itself; partners have nothing to do.
    """
    keyring = FileKeyring.open(directory, agency=agency, unlock=unlock)
    _write_leaf(directory, keyring.sealer, keyring.authority(), agency, host_names, at)


def _fill(
    directory: Path,
    sealer: Sealer,
    derivation: Derivation,
    agency: str,
    host_names: Sequence[str],
    at: datetime,
) -> None:
    authority = make_authority(agency, at=at)
    secrets = {purpose: _p256_bytes(ec.generate_private_key(ec.SECP256R1())) for purpose in _ON_P256}
    secrets |= {purpose: os.urandom(_SECRET_BYTES) for purpose in _RANDOM}
    secrets[Purpose.TLS_AUTHORITY] = _p256_bytes(authority.key)
    current = {}
    for purpose, secret in secrets.items():
        name = f"{purpose.value}-{new_id()}.sealed"
        write_private(directory / name, sealer.seal(purpose.value, name, secret))
        current[purpose.value] = name
    write_private(directory / _AUTHORITY, authority.certificate.public_bytes(Encoding.PEM))
    _write_leaf(directory, sealer, authority, agency, host_names, at)
    document = {
        "format": _FORMAT,
        "agency": agency,
        "argon2id": {
            "salt": base64.b64encode(derivation.salt).decode(),
            "memory_kib": derivation.memory_kib,
            "passes": derivation.passes,
        },
        "current": current,
    }
    write_private(directory / _STORE, json.dumps(document, indent=2).encode() + b"\n")


def _write_leaf(
    directory: Path,
    sealer: Sealer,
    authority: Authority,
    agency: str,
    host_names: Sequence[str],
    at: datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue_hub_leaf(authority, agency=agency, host_names=host_names, public_key=key.public_key(), at=at)
    encryption = BestAvailableEncryption(_leaf_password(sealer))
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    write_private(directory / _LEAF, leaf.public_bytes(Encoding.PEM) + locked)


class FileKeyring:
    """The keys of one agency, read from a key store and held in memory."""

    def __init__(self, directory: Path, sealer: Sealer, current: Mapping[str, str]) -> None:
        self._directory = directory
        self._current = current
        self.sealer = sealer
        self._signing = SigningKeys(
            es256=_p256(self._secret(Purpose.SIGN_ES256)),
            mldsa65=MLDSA65PrivateKey.from_seed_bytes(self._secret(Purpose.SIGN_ML_DSA_65)),
        )
        p256 = {name: _p256(secret) for name, secret in self._secrets(Purpose.DECRYPT_P256)}
        xwing = {name: xwing_from_seed(secret) for name, secret in self._secrets(Purpose.DECRYPT_XWING)}
        self._decryption = DecryptionKeys(
            p256={thumbprint(key.public_key()): key for key in p256.values()},
            xwing={thumbprint(public): key for key, public in xwing.values()},
        )
        signing, kept = self._signing, self._decryption
        self._public = PublicKeys(
            agency=sealer.agency,
            es256={signing.es256_kid: signing.es256.public_key()},
            mldsa65={signing.mldsa65_kid: signing.mldsa65.public_key()},
            p256={kid: key.public_key() for kid, key in kept.p256.items()},
            xwing={thumbprint(public): public for _, public in xwing.values()},
            encrypt_p256=thumbprint(p256[self._name(Purpose.DECRYPT_P256)].public_key()),
            encrypt_xwing=thumbprint(xwing[self._name(Purpose.DECRYPT_XWING)][1]),
        )
        self._master = self._secret(Purpose.MASTER)
        self._token = _p256(self._secret(Purpose.TOKEN_ES256))
        self._log = log_signers(
            sealer.agency,
            ed25519=self._secret(Purpose.LOG_ED25519),
            ml_dsa_44=self._secret(Purpose.LOG_ML_DSA_44),
        )
        self._witness = witness_signers(
            sealer.agency,
            ed25519=self._secret(Purpose.WITNESS_ED25519),
            ml_dsa_44=self._secret(Purpose.WITNESS_ML_DSA_44),
        )
        self._tls = TlsFiles(
            certificate=directory / _LEAF,
            password=_leaf_password(sealer),
            authority_pem=(directory / _AUTHORITY).read_text(encoding="ascii"),
        )

    def __repr__(self) -> str:
        return f"FileKeyring(agency={self.agency!r})"

    @classmethod
    def open(cls, directory: Path, *, agency: str, unlock: bytes) -> FileKeyring:
        """Open an agency's key store.

        Raises OurFault `key-store-invalid` when there is none, when others may read its files, when it is
        another agency's, or when the unlock secret does not open it.
        """
        try:
            _check_modes(directory)
            document = json.loads((directory / _STORE).read_bytes())
            if document["format"] != _FORMAT:
                raise ValueError(f"its format is not {_FORMAT}")
            if document["agency"] != agency:
                raise ValueError(f"it is not the store of {agency}")
            told = document["argon2id"]
            if missing := sorted({p.value for p in Purpose} - document["current"].keys()):
                raise ValueError(f"it has no {missing[0]} key, so an older version made it")
            derivation = Derivation(
                salt=base64.b64decode(told["salt"], validate=True),
                memory_kib=told["memory_kib"],
                passes=told["passes"],
            )
            return cls(directory, _sealer(derivation, agency, unlock), document["current"])
        except (OSError, KeyError, TypeError, ValueError) as error:
            # The sentences of these errors name files, members and bounds; no secret has been read yet,
            # or it has been and was of the wrong form.
            raise OurFault(
                "key-store-invalid", f"The key store in {directory} cannot be used: {error}."
            ) from None

    @property
    def agency(self) -> str:
        """Return whose keys these are."""
        return self.sealer.agency

    def signing(self) -> SigningKeys:
        """Return the keys that sign records and receipts."""
        return self._signing

    def decryption(self) -> DecryptionKeys:
        """Return every key that opens envelopes, those no longer on the card included."""
        return self._decryption

    def public(self) -> PublicKeys:
        """Return the public halves, as they stand on our card."""
        return self._public

    def master_key(self) -> bytes:
        """Return the 32 bytes that wrap the keys of bodies at rest."""
        return self._master

    def token_key(self) -> ec.EllipticCurvePrivateKey:
        """Return the key that signs access tokens (ES256)."""
        return self._token

    def log_signers(self) -> tuple[NoteSigner, ...]:
        """Return the keys that sign our log's checkpoints, of both algorithms."""
        return self._log

    def witness_signers(self) -> tuple[NoteSigner, ...]:
        """Return the keys that cosign others' checkpoints, of both algorithms."""
        return self._witness

    def tls_files(self) -> TlsFiles:
        """Return the leaf that this hub answers and calls with."""
        return self._tls

    def authority(self) -> Authority:
        """Return the certificate authority; its key is read when it is asked for and not kept."""
        return Authority(
            certificate=x509.load_pem_x509_certificate((self._directory / _AUTHORITY).read_bytes()),
            key=_p256(self._secret(Purpose.TLS_AUTHORITY)),
        )

    def _secret(self, purpose: Purpose) -> bytes:
        return self._read(purpose, self._name(purpose))

    def _secrets(self, purpose: Purpose) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self._directory.glob(f"{purpose.value}-*.sealed")):
            yield path.name, self._read(purpose, path.name)

    def _read(self, purpose: Purpose, name: str) -> bytes:
        return self.sealer.open(purpose.value, name, (self._directory / name).read_bytes())

    def _name(self, purpose: Purpose) -> str:
        return self._current[purpose.value]


def _sealer(derivation: Derivation, agency: str, unlock: bytes) -> Sealer:
    if len(unlock) < _UNLOCK_BYTES_MIN:
        raise OurFault("key-store-invalid", f"An unlock secret has at least {_UNLOCK_BYTES_MIN} bytes.")
    return Sealer(agency=agency, key=derivation.derive(unlock))


def _leaf_password(sealer: Sealer) -> bytes:
    return sealer.subkey("tls-leaf").hex().encode()


def _p256_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _p256(secret: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_der_private_key(secret, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("a key is not on P-256")
    return key


def _check_modes(directory: Path) -> None:
    for path in (directory, *directory.iterdir()):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(f"others may look into {path.name}; take it away with chmod go-rwx")
