"""Make a key in a token, and destroy it there."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from asn1crypto.core import OctetString
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from keys.token.session import Token

_PARAMETERS: Final = encode_named_curve_parameters("secp256r1")


class Use(Enum):
    """What a key in a token may do; it never does both."""

    SIGN = "sign"
    AGREE = "agree"


def make_key(token: Token, *, key_id: bytes, name: str, use: Use) -> ec.EllipticCurvePublicKey:
    """Make a key on P-256 in a token, where it stays, and return its public half.

    It is sensitive and cannot be extracted, and it can do one thing. Raises TokenTrouble.
    """

    def make(session: Any) -> bytes:
        domain = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: _PARAMETERS}, local=True)
        signs = use is Use.SIGN
        public, _private = domain.generate_keypair(
            store=True,
            id=key_id,
            label=name,
            public_template={
                Attribute.VERIFY: signs,
                Attribute.DERIVE: False,
                Attribute.ENCRYPT: False,
                Attribute.WRAP: False,
            },
            private_template={
                Attribute.SIGN: signs,
                Attribute.DERIVE: not signs,
                Attribute.DECRYPT: False,
                Attribute.UNWRAP: False,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
                Attribute.EXTRACTABLE: False,
            },
        )
        return bytes(public[Attribute.EC_POINT])

    return public_key(token.change(make))


def destroy_key(token: Token, *, key_id: bytes) -> None:
    """Destroy both halves of a key in a token; one that is not there is destroyed. Raises TokenTrouble."""

    def destroy(session: Any) -> None:
        for half in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
            for found in list(session.get_objects({Attribute.CLASS: half, Attribute.ID: key_id})):
                found.destroy()

    token.change(destroy)


def public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """Return the public key of a token's EC_POINT, which is the point in an octet string (v2.40, 2.3.5)."""
    uncompressed = point if len(point) == 65 else bytes(OctetString.load(point))
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), uncompressed)
