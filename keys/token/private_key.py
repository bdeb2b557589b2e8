"""A private key on P-256 that lives in a token and serves wherever one in memory would."""

from __future__ import annotations

import os
from typing import Any, Final, NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    PrivateFormat,
    PublicFormat,
)
from pkcs11 import KDF, Attribute, KeyType, Mechanism

from keys.token.faults import TokenTrouble, Trouble
from keys.token.session import Opening, Token

_COORDINATE: Final = 32


class TokenKey(ec.EllipticCurvePrivateKey):
    """A key in a token. It signs (ES256) or agrees (ECDH), as its attributes there allow; it cannot be had.

    The public half is told by whoever keeps it, so that a hub starts, and shows its card, while the token is
    away. Before its first use in a session the token proves that it holds the private half of just that key.
    """

    def __init__(self, token: Token, *, key_id: bytes, name: str, public: ec.EllipticCurvePublicKey) -> None:
        if not isinstance(public.curve, ec.SECP256R1):
            raise ValueError(f"a key is on {public.curve.name}; expected P-256")
        self._token = token
        self._id = key_id
        self._name = name
        self._public = public
        token.watch(self)

    def __repr__(self) -> str:
        return f"TokenKey({self._name})"

    def __copy__(self) -> TokenKey:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> TokenKey:
        return self

    @property
    def curve(self) -> ec.EllipticCurve:
        """Return P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Return 256, in bits."""
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half, without asking the token."""
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Return an ECDSA signature in DER; the digest is made here and signed in the token.

        Raises TokenTrouble: OurFault `token-unavailable` or `token-pin-refused`.
        """
        digest = _digest(data, signature_algorithm)
        return self._token.use(lambda opening: _sign(self._proven(opening), digest), told=self._name)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Return the shared secret with a public key on P-256 (NIST SP 800-56A, section 5.7.1.2).

        Raises TokenTrouble as `sign` does.
        """
        if peer_public_key.curve.name != self.curve.name:
            raise ValueError(f"the other key is on {peer_public_key.curve.name}; expected P-256")
        return self._token.use(
            lambda opening: _agree(self._proven(opening), peer_public_key), told=self._name
        )

    def private_numbers(self) -> NoReturn:
        """Refuse: the key never leaves its token."""
        raise UnsupportedAlgorithm("a key in a token cannot be had")

    def private_bytes(
        self, encoding: Encoding, format: PrivateFormat, encryption_algorithm: KeySerializationEncryption
    ) -> NoReturn:
        """Refuse: the key never leaves its token."""
        raise UnsupportedAlgorithm("a key in a token cannot be had")

    @property
    def name(self) -> str:
        """Return what people know it by: its purpose and id."""
        return self._name

    def check(self, opening: Opening) -> object:
        """Look whether the key can be used in a session, without using it; raise what its use would."""
        return self._proven(opening)[Attribute.CLASS]

    def _proven(self, opening: Opening) -> Any:
        """Return the key's handle in a session; the first time, only once it is shown to be this key."""
        known = self._id in opening.keys
        handle = opening.key(self._id)
        if not known and not proves(handle, self._public):
            del opening.keys[self._id]
            address = self._token.address
            raise TokenTrouble(
                Trouble.KEY_MISMATCH, module=str(address.module), label=address.label, told=self._name
            )
        return handle


def proves(handle: Any, public: ec.EllipticCurvePublicKey) -> bool:
    """Tell whether a key in a token is the private half of a public key, by having it used."""
    if handle[Attribute.SIGN]:
        challenge = os.urandom(_COORDINATE)
        try:
            public.verify(_sign(handle, challenge), challenge, ec.ECDSA(Prehashed(SHA256())))
        except InvalidSignature:
            return False
        return True
    ours = ec.generate_private_key(ec.SECP256R1())
    return ours.exchange(ec.ECDH(), public) == _agree(handle, ours.public_key())


def _digest(data: Any, algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
    if not isinstance(algorithm, ec.ECDSA):
        raise UnsupportedAlgorithm("a key in a token signs with ECDSA alone")
    stated = algorithm.algorithm
    if isinstance(stated, Prehashed):
        digest = bytes(data)
    else:
        made = Hash(stated)
        made.update(data)
        digest = made.finalize()
    # FIPS 186-5, section 6.4.1: of a longer digest the leftmost bits count.
    return digest[:_COORDINATE]


def _sign(handle: Any, digest: bytes) -> bytes:
    raw = handle.sign(digest, mechanism=Mechanism.ECDSA)
    r, s = raw[:_COORDINATE], raw[_COORDINATE:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def _agree(handle: Any, public: ec.EllipticCurvePublicKey) -> bytes:
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    # PKCS #11 does not have JOSE's key derivation: the secret is taken out, and derived from here.
    shared = handle.derive_key(
        KeyType.GENERIC_SECRET,
        _COORDINATE * 8,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(KDF.NULL, None, point),
        store=False,
        template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )
    try:
        return bytes(shared[Attribute.VALUE])
    finally:
        shared.destroy()
