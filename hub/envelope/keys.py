"""The key material that the envelope's steps are handed: private halves to sign and open, public ones to
seal and verify.

A key's id is the thumbprint of its JWK (RFC 7638; for the AKP key type RFC 9964). Private keys on P-256 may
be any `ec.EllipticCurvePrivateKey`, also one that lives in a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import shake_256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u, list_of, members, unb64u
from hub.errors import IntegrityFailure

_COORDINATE: Final = 32
_MLKEM768_PUBLIC: Final = 1184
_XWING_PUBLIC: Final = 1216
_XWING_SEED: Final = 32


@dataclass(frozen=True)
class XWingPublicKey:
    """A public key of X-Wing: the ML-KEM-768 key followed by the X25519 key, 1216 bytes."""

    raw: bytes = field(repr=False)
    hpke: MLKEM768X25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.raw) != _XWING_PUBLIC:
            raise ValueError(f"an X-Wing public key has {_XWING_PUBLIC} bytes, not {len(self.raw)}")
        try:
            mlkem = MLKEM768PublicKey.from_public_bytes(self.raw[:_MLKEM768_PUBLIC])
            x25519 = X25519PublicKey.from_public_bytes(self.raw[_MLKEM768_PUBLIC:])
            # A point of small order is found out here, and not when something is first sealed to it.
            X25519PrivateKey.generate().exchange(x25519)
        except ValueError:
            raise ValueError("an X-Wing public key has a part that is no key") from None
        object.__setattr__(self, "hpke", MLKEM768X25519PublicKey(mlkem, x25519))


def xwing_from_seed(seed: bytes) -> tuple[MLKEM768X25519PrivateKey, XWingPublicKey]:
    """Return the X-Wing pair of a 32-byte seed. The seed is what is stored, and `priv` of the JWK."""
    if len(seed) != _XWING_SEED:
        raise ValueError(f"an X-Wing seed has {_XWING_SEED} bytes, not {len(seed)}")
    expanded = shake_256(seed).digest(96)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    raw = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    return MLKEM768X25519PrivateKey(mlkem, x25519), XWingPublicKey(raw)


PublicKey = EllipticCurvePublicKey | MLDSA65PublicKey | XWingPublicKey


def point(key: EllipticCurvePublicKey) -> bytes:
    """Return the coordinates x and y of a P-256 key, 64 bytes."""
    if not isinstance(key.curve, SECP256R1):
        raise ValueError(f"a key is on {key.curve.name}; expected P-256")
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]


def key_from_point(x: object, y: object) -> EllipticCurvePublicKey:
    """Return the P-256 key of base64url coordinates; a point that is not on the curve is refused."""
    coordinates = unb64u(x, size=_COORDINATE) + unb64u(y, size=_COORDINATE)
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + coordinates)
    except ValueError:
        raise ValueError("a public key is not a point on P-256") from None


def jwk(key: PublicKey) -> dict[str, str]:
    """Return the required members of a public key's JWK, which are those that the thumbprint covers."""
    if isinstance(key, EllipticCurvePublicKey):
        xy = point(key)
        return {"crv": "P-256", "kty": "EC", "x": b64u(xy[:_COORDINATE]), "y": b64u(xy[_COORDINATE:])}
    if isinstance(key, MLDSA65PublicKey):
        return {"alg": "ML-DSA-65", "kty": "AKP", "pub": b64u(key.public_bytes_raw())}
    return {"alg": "HPKE-9-KE", "kty": "AKP", "pub": b64u(key.raw)}


def thumbprint(key: PublicKey) -> str:
    """Return a public key's id: base64url of the SHA-256 of its canonical JWK."""
    return b64u(digest(canonical(jwk(key))))


@dataclass(frozen=True, kw_only=True)
class SigningKeys:
    """The private keys that sign for one agency; their ids are computed once."""

    es256: EllipticCurvePrivateKey = field(repr=False)
    mldsa65: MLDSA65PrivateKey = field(repr=False)
    es256_kid: str = field(init=False)
    mldsa65_kid: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "es256_kid", thumbprint(self.es256.public_key()))
        object.__setattr__(self, "mldsa65_kid", thumbprint(self.mldsa65.public_key()))


@dataclass(frozen=True, kw_only=True)
class DecryptionKeys:
    """The private keys that open for one agency, by key id: the current ones and those kept from before."""

    p256: Mapping[str, EllipticCurvePrivateKey] = field(repr=False)
    xwing: Mapping[str, MLKEM768X25519PrivateKey] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PublicKeys:
    """One agency's public keys by key id, and the two to which envelopes are sealed now.

    An agency that can only do `classic-1` has no keys in `mldsa65` and `xwing`, and no `encrypt_xwing`.
    """

    agency: str
    es256: Mapping[str, EllipticCurvePublicKey]
    p256: Mapping[str, EllipticCurvePublicKey]
    encrypt_p256: str
    mldsa65: Mapping[str, MLDSA65PublicKey] = field(default_factory=dict)
    xwing: Mapping[str, XWingPublicKey] = field(default_factory=dict)
    encrypt_xwing: str | None = None

    def __post_init__(self) -> None:
        if not self.es256:
            raise ValueError("there is no ES256 key to verify with")
        if self.encrypt_p256 not in self.p256:
            raise ValueError("the P-256 key to seal to is not among the keys")
        if (self.encrypt_xwing not in self.xwing) if self.xwing else self.encrypt_xwing is not None:
            raise ValueError("the X-Wing key to seal to is not among the keys")
        if self.es256.keys() & self.p256.keys():
            raise ValueError("one key both signs and opens")
        for keys in (self.es256, self.mldsa65, self.p256, self.xwing):
            for kid, key in keys.items():
                if kid != thumbprint(key):
                    raise ValueError("a key's id is not its thumbprint")

    def as_jwks(self) -> dict[str, object]:
        """Return the keys as a JWK set; of each algorithm, the key to seal to stands first."""
        signing: list[PublicKey] = [*self.es256.values(), *self.mldsa65.values()]
        sealing = _current_first(self.p256, self.encrypt_p256) + _current_first(
            self.xwing, self.encrypt_xwing
        )
        return {
            "keys": [_full_jwk(key, use="sig") for key in signing]
            + [_full_jwk(key, use="enc") for key in sealing]
        }

    @classmethod
    def from_jwks(cls, agency: str, document: Mapping[str, object]) -> PublicKeys:
        """Return the keys of a JWK set as `as_jwks` writes it; raise IntegrityFailure `card-invalid`.

        A key whose id is not its thumbprint, and any private or unknown member, is refused.
        """
        es256: dict[str, EllipticCurvePublicKey] = {}
        p256: dict[str, EllipticCurvePublicKey] = {}
        mldsa65: dict[str, MLDSA65PublicKey] = {}
        xwing: dict[str, XWingPublicKey] = {}
        try:
            for entry in list_of(members(document, frozenset({"keys"})), "keys"):
                key, use = _read_jwk(entry)
                if isinstance(key, EllipticCurvePublicKey):
                    (es256 if use == "sig" else p256)[thumbprint(key)] = key
                elif isinstance(key, MLDSA65PublicKey):
                    mldsa65[thumbprint(key)] = key
                else:
                    xwing[thumbprint(key)] = key
            return cls(
                agency=agency,
                es256=es256,
                mldsa65=mldsa65,
                p256=p256,
                xwing=xwing,
                encrypt_p256=next(iter(p256), ""),
                encrypt_xwing=next(iter(xwing), None),
            )
        except ValueError as error:
            raise IntegrityFailure("card-invalid", f"The keys cannot be used: {error}.") from None


_EC_MEMBERS: Final = frozenset({"alg", "crv", "kid", "kty", "use", "x", "y"})
_AKP_MEMBERS: Final = frozenset({"alg", "kid", "kty", "pub", "use"})


def _current_first(keys: Mapping[str, PublicKey], current: str | None) -> list[PublicKey]:
    return sorted(keys.values(), key=lambda key: key is not keys.get(current or ""))


def _full_jwk(key: PublicKey, *, use: str) -> dict[str, str]:
    algorithm = "ES256" if use == "sig" else "ECDH-ES+A256KW"
    return {"alg": algorithm, **jwk(key), "kid": thumbprint(key), "use": use}


def _read_jwk(entry: object) -> tuple[PublicKey, str]:
    key: PublicKey
    if isinstance(entry, dict) and entry.get("kty") == "EC":
        stated = members(entry, _EC_MEMBERS)
        use = "enc" if stated["use"] == "enc" else "sig"
        key = key_from_point(stated["x"], stated["y"])
    else:
        stated = members(entry, _AKP_MEMBERS)
        use = "enc" if stated["alg"] == "HPKE-9-KE" else "sig"
        raw = unb64u(stated["pub"])
        key = XWingPublicKey(raw) if use == "enc" else MLDSA65PublicKey.from_public_bytes(raw)
    if stated != _full_jwk(key, use=use):
        raise ValueError("the members of a key do not belong together")
    return key, use
