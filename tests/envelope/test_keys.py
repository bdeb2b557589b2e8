from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from jwcrypto.jwk import JWK

from hub.envelope.encoding import b64u
from hub.envelope.keys import PublicKeys, SigningKeys, XWingPublicKey, jwk, thumbprint, xwing_from_seed
from hub.errors import IntegrityFailure
from tests.envelope.agencies import agency


def test_key_ids_are_the_thumbprints_that_others_compute() -> None:
    public = agency("kz-knb").public
    for kid, key in {**public.es256, **public.p256, **public.mldsa65}.items():
        assert JWK.from_json(json.dumps(jwk(key))).thumbprint() == kid


def test_a_key_set_comes_back() -> None:
    public = agency("kz-knb").public
    document = json.loads(json.dumps(public.as_jwks()))
    assert PublicKeys.from_jwks("kz-knb", document) == public


def test_the_key_to_seal_to_stands_first() -> None:
    old, new = agency("cis-atc").public, agency("sco-rats").public
    both = dataclasses.replace(
        old,
        p256={**old.p256, **new.p256},
        xwing={**old.xwing, **new.xwing},
        encrypt_p256=new.encrypt_p256,
        encrypt_xwing=new.encrypt_xwing,
    )
    read = PublicKeys.from_jwks("cis-atc", both.as_jwks())
    assert (read.encrypt_p256, read.encrypt_xwing) == (new.encrypt_p256, new.encrypt_xwing)
    assert read == both


def test_a_partner_may_have_classical_keys_only() -> None:
    full = agency("cis-atc").public
    classic = PublicKeys(agency="cis-atc", es256=full.es256, p256=full.p256, encrypt_p256=full.encrypt_p256)
    assert PublicKeys.from_jwks("cis-atc", classic.as_jwks()) == classic


def key_set(change: Any) -> dict[str, Any]:
    document = json.loads(json.dumps(agency("kz-knb").public.as_jwks()))
    change(document)
    return document


@pytest.mark.parametrize(
    "change",
    [
        lambda doc: doc["keys"][0].update(d="AA"),
        lambda doc: doc["keys"][1].update(priv="AA"),
        lambda doc: doc["keys"][0].update(kid=doc["keys"][1]["kid"]),
        lambda doc: doc["keys"][0].update(alg="ES384"),
        lambda doc: doc["keys"][0].update(use="other"),
        lambda doc: doc["keys"][0].update(crv="P-384"),
        lambda doc: doc["keys"][0].update(y=doc["keys"][0]["x"]),
        lambda doc: doc["keys"][1].update(pub="AAAA"),
        lambda doc: doc["keys"][3].update(pub="AAAA"),
        lambda doc: doc["keys"][1].update(alg="HPKE-9-KE"),
        lambda doc: doc["keys"].pop(0),
        lambda doc: doc["keys"].pop(2),
        lambda doc: doc.update(keys={}),
        lambda doc: doc.update(more=1),
        lambda doc: doc.update(keys=[1]),
        lambda doc: doc["keys"].append({**doc["keys"][0], "use": "enc", "alg": "ECDH-ES+A256KW"}),
    ],
    ids=[
        "private EC key",
        "private ML-DSA key",
        "another key's id",
        "another algorithm",
        "another use",
        "another curve",
        "not on the curve",
        "short ML-DSA key",
        "short X-Wing key",
        "ML-DSA key as X-Wing",
        "nothing to verify with",
        "nothing to seal to",
        "keys not a list",
        "a member too many",
        "a key that is a number",
        "one key to sign and to open",
    ],
)
def test_a_key_set_that_cannot_be_right_is_refused(change: Any) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        PublicKeys.from_jwks("kz-knb", key_set(change))
    assert refused.value.code == "card-invalid"


def test_keys_named_by_another_id_are_refused() -> None:
    full = agency("kz-knb").public
    key = next(iter(full.es256.values()))
    with pytest.raises(ValueError, match="thumbprint"):
        dataclasses.replace(full, es256={"another": key})


@pytest.mark.parametrize(
    "change",
    [
        {"es256": {}},
        {"encrypt_p256": "another"},
        {"encrypt_xwing": "another"},
        {"encrypt_xwing": None},
        {"xwing": {}},
    ],
    ids=str,
)
def test_incomplete_public_keys_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        dataclasses.replace(agency("kz-knb").public, **change)


def test_a_key_on_another_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="expected P-256"):
        SigningKeys(es256=generate_private_key(SECP384R1()), mldsa65=agency("kz-knb").signing.mldsa65)


def test_an_xwing_seed_always_gives_the_same_key() -> None:
    _, public = xwing_from_seed(bytes(range(32)))
    assert public == xwing_from_seed(bytes(range(32)))[1]
    assert len(public.raw) == 1216
    assert thumbprint(public) != thumbprint(xwing_from_seed(bytes(32))[1])


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_an_xwing_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError):
        xwing_from_seed(bytes(size))


def test_an_xwing_key_has_1216_bytes() -> None:
    with pytest.raises(ValueError):
        XWingPublicKey(bytes(1215))


@pytest.mark.parametrize("raw", [bytes(1216), b"\xff" * 1216], ids=["small order", "not reduced"])
def test_an_xwing_key_to_which_nothing_can_be_sealed_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="no key"):
        XWingPublicKey(raw)


def test_private_keys_do_not_show_themselves() -> None:
    keys = agency("kz-knb")
    assert "PrivateKey" not in repr(keys.signing) + repr(keys.decryption)
    assert b64u(next(iter(keys.public.xwing.values())).raw) not in repr(keys.public)
