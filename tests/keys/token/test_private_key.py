"""A key in a token serves wherever one in memory would, and cannot be had."""

from __future__ import annotations

import copy
import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute

from hub.api.tokens import Grant, Tokens
from hub.envelope import key_wrapping
from hub.envelope.documents import sign_document, verify_document
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys, thumbprint
from hub.envelope.suites import Suite
from hub.errors import OurFault
from keys.token.faults import TokenTrouble, Trouble
from keys.token.making import Use, destroy_key, make_key
from keys.token.private_key import TokenKey
from keys.token.session import Token

ES256 = ec.ECDSA(hashes.SHA256())


def made(token: Token, use: Use, name: str = "sign-es256-1") -> TokenKey:
    key_id = os.urandom(16)
    public = make_key(token, key_id=key_id, name=name, use=use)
    return TokenKey(token, key_id=key_id, name=name, public=public)


def test_it_signs_what_its_public_half_verifies(token: Token) -> None:
    key = made(token, Use.SIGN)
    key.public_key().verify(key.sign(b"told", ES256), b"told", ES256)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"told")
    prehashed = ec.ECDSA(Prehashed(hashes.SHA256()))
    key.public_key().verify(key.sign(digest.finalize(), prehashed), b"told", ES256)


def test_a_longer_digest_counts_by_its_leftmost_bits(token: Token) -> None:
    key = made(token, Use.SIGN)
    es384 = ec.ECDSA(hashes.SHA384())
    key.public_key().verify(key.sign(b"told", es384), b"told", es384)


def test_it_agrees_on_the_secret_that_the_other_side_has(token: Token) -> None:
    key, other = made(token, Use.AGREE), ec.generate_private_key(ec.SECP256R1())
    assert key.exchange(ec.ECDH(), other.public_key()) == other.exchange(ec.ECDH(), key.public_key())
    with pytest.raises(ValueError, match="P-256"):
        key.exchange(ec.ECDH(), ec.generate_private_key(ec.SECP384R1()).public_key())


def test_it_cannot_be_had(token: Token) -> None:
    key = made(token, Use.SIGN)
    with pytest.raises(UnsupportedAlgorithm):
        key.private_numbers()
    with pytest.raises(UnsupportedAlgorithm):
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert copy.deepcopy(key) is copy.copy(key) is key
    assert repr(key) == "TokenKey(sign-es256-1)"


@pytest.mark.parametrize("use", Use)
def test_it_is_made_to_stay_and_to_do_one_thing(token: Token, use: Use) -> None:
    key_id = os.urandom(16)
    make_key(token, key_id=key_id, name="one", use=use)
    names = ("SENSITIVE", "ALWAYS_SENSITIVE", "EXTRACTABLE", "NEVER_EXTRACTABLE", "SIGN", "DERIVE", "LOCAL")
    told = token.use(lambda opening: {n: opening.key(key_id)[Attribute[n]] for n in names})
    signs = use is Use.SIGN
    assert told == dict(zip(names, (True, True, False, True, signs, not signs, True), strict=True))


def test_a_destroyed_key_is_gone_and_the_token_is_not(token: Token) -> None:
    gone, stays = made(token, Use.SIGN), made(token, Use.SIGN, "other")
    destroy_key(token, key_id=gone._id)
    destroy_key(token, key_id=gone._id)
    with pytest.raises(OurFault, match="does not hold the key sign-es256-1") as raised:
        gone.sign(b"told", ES256)
    assert raised.value.code == "token-unavailable"
    assert stays.sign(b"told", ES256)


def test_another_key_under_its_id_signs_nothing(token: Token) -> None:
    key = made(token, Use.SIGN)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    claimed = TokenKey(token, key_id=key._id, name="sign-es256-1", public=other)
    with pytest.raises(TokenTrouble) as raised:
        claimed.sign(b"told", ES256)
    assert raised.value.trouble is Trouble.KEY_MISMATCH


def test_it_signs_documents_certificates_and_access_tokens(token: Token) -> None:
    key = made(token, Use.SIGN)
    mldsa = MLDSA65PrivateKey.generate()
    keys = SigningKeys(es256=key, mldsa65=mldsa)
    decrypt = made(token, Use.AGREE)
    public = PublicKeys(
        agency="kz-knb",
        es256={keys.es256_kid: key.public_key()},
        mldsa65={keys.mldsa65_kid: mldsa.public_key()},
        p256={thumbprint(decrypt.public_key()): decrypt.public_key()},
        encrypt_p256=thumbprint(decrypt.public_key()),
    )
    raw = sign_document({"a": 1}, typ="test", keys=keys, suite=Suite.HYBRID_1)
    assert verify_document(raw, typ="test", keys=public, allowed=frozenset({Suite.HYBRID_1})) == {"a": 1}

    wrapped = key_wrapping.wrap(b"k" * 32, suite=Suite.CLASSIC_1, to=public)
    held = DecryptionKeys(p256={public.encrypt_p256: decrypt}, xwing={})
    assert key_wrapping.unwrap(wrapped, suite=Suite.CLASSIC_1, keys=held) == b"k" * 32

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kz-knb")])
    at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    certificate.verify_directly_issued_by(certificate)

    tokens = Tokens(lambda: key, lambda: (key.public_key(),), issuer="https://hub.example")
    grant = Grant(subject="officer:a", scopes=frozenset({"read"}), thumbprint=None)
    assert tokens.read(tokens.issue(grant, at=at, life_s=60), at=at) == grant
