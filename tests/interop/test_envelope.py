"""The envelope against implementations that share nothing with it: both ways, whole and tampered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.envelope import open, peek, verify
from hub.envelope.canonical import canonical
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.sealing import Verified
from hub.envelope.suites import Suite
from hub.errors import HubError
from tests.envelope.agencies import BOTH, NOW, agency, manifest, p256_key, record, seed
from tests.envelope.forging import forge
from tests.interop.libraries import Jwcrypto, Jwk, Library, LibraryRefused, Npm

RECORD = record(narrative='Ұлан, \u2028 "quoted" \\ Иванов', details={"é": 1, "z": [True, None, -5], "a": {}})


@pytest.fixture(scope="session")
def npm_folder(tmp_path_factory: pytest.TempPathFactory) -> Npm:
    return Npm(tmp_path_factory.mktemp("node"))


@pytest.fixture(params=["jwcrypto", pytest.param("npm", marks=pytest.mark.slow)])
def library(request: pytest.FixtureRequest) -> Library:
    made: Library = Jwcrypto() if request.param == "jwcrypto" else request.getfixturevalue("npm_folder")
    return made


def public_jwks(name: str, use: str) -> list[Jwk]:
    document: Any = agency(name).public.as_jwks()
    return [{k: v for k, v in jwk.items() if k != "use"} for jwk in document["keys"] if jwk["use"] == use]


def private_jwk(public: Jwk, name: str, purpose: str) -> Jwk:
    if public["kty"] == "EC":
        scalar = p256_key(name, purpose).private_numbers().private_value
        return {**public, "d": b64u(scalar.to_bytes(32, "big"))}
    return {**public, "priv": b64u(seed(name, purpose))}


def signing(name: str, suite: Suite) -> list[Jwk]:
    es256, mldsa65 = public_jwks(name, "sig")
    keys = [private_jwk(es256, name, "es256"), private_jwk(mldsa65, name, "mldsa65")]
    return keys[: len(suite.signature_algorithms)]


def sealing(name: str, suite: Suite) -> Jwk:
    p256, xwing = public_jwks(name, "enc")
    return p256 if suite is Suite.CLASSIC_1 else xwing


def opening(name: str, suite: Suite) -> Jwk:
    return private_jwk(sealing(name, suite), name, "p256" if suite is Suite.CLASSIC_1 else "xwing")


def made_by(library: Library, suite: Suite, recipients: tuple[str, ...]) -> bytes:
    document = json.loads(canonical(manifest(RECORD, suite=suite, recipients=recipients).as_document()))
    outside = {
        "attachments",
        "conversation",
        "created_at",
        "envelope_id",
        "expires_at",
        "originator",
        "priority",
        "recipients",
        "suite",
    }
    return library.make(
        content=RECORD,
        manifest=document,
        header={name: document[name] for name in outside},
        suite=suite,
        signing=signing("kz-knb", suite),
        recipients=[sealing(name, suite) for name in recipients],
    )


def read(raw: bytes, reader: str) -> Verified:
    return verify(
        open(peek(raw, max_bytes=65536), agency=reader, keys=agency(reader).decryption),
        sender=agency("kz-knb").public,
        agency=reader,
        allowed=BOTH,
        at=NOW,
        skew_s=0,
    )


def opened_by(library: Library, envelopes: list[bytes], reader: str, suite: Suite) -> list[Any]:
    return library.open(envelopes, reader=opening(reader, suite), sender=public_jwks("kz-knb", "sig"))


def tampered(raw: bytes) -> list[bytes]:
    """Return copies of an envelope, each with one value changed that the first recipient depends on."""

    def other(text: str) -> str:
        return b64u(bytes([unb64u(text)[0] ^ 1]) + unb64u(text)[1:])

    copies = []
    for name in ("ciphertext", "iv", "tag", "protected"):
        jwe = json.loads(raw)
        jwe[name] = other(jwe[name])
        copies.append(jwe)
    jwe = json.loads(raw)
    jwe["recipients"][0]["encrypted_key"] = other(jwe["recipients"][0]["encrypted_key"])
    copies.append(jwe)
    header = json.loads(raw)["recipients"][0].get("header", {})
    for name in {"epk", "ek"} & header.keys():
        jwe = json.loads(raw)
        own = jwe["recipients"][0]["header"]
        own[name] = other(own[name]) if name == "ek" else {**own[name], "y": own[name]["x"]}
        copies.append(jwe)
    return [json.dumps(jwe).encode() for jwe in copies]


def flipped_signature(jws: Any) -> None:
    one = jws["signatures"][-1]
    one["signature"] = b64u(bytes([unb64u(one["signature"])[0] ^ 1]) + unb64u(one["signature"])[1:])


def check_ours_with(library: Library, suite: Suite) -> None:
    raw = forge(content=RECORD, suite=suite)
    expected = b'{"content":%b,"manifest":%b}' % (
        canonical(RECORD),
        canonical(manifest(RECORD, suite=suite).as_document()),
    )
    for reader in ("cis-atc", "kg-gknb"):
        assert opened_by(library, [raw], reader, suite) == [
            dict.fromkeys(suite.signature_algorithms, expected)
        ]
    wrong = [*tampered(raw), forge(suite=suite, in_jws=flipped_signature)]
    assert all(isinstance(one, LibraryRefused) for one in opened_by(library, wrong, "cis-atc", suite))
    assert isinstance(opened_by(library, [raw], "sco-rats", suite)[0], LibraryRefused)


def check_theirs_with(library: Library, suite: Suite, recipients: tuple[str, ...]) -> None:
    raw = made_by(library, suite, recipients)
    for reader in recipients:
        verified = read(raw, reader)
        assert verified.content == RECORD
        assert verified.manifest == manifest(RECORD, suite=suite, recipients=recipients)
    for changed in tampered(raw):
        with pytest.raises(HubError):
            read(changed, recipients[0])


def test_they_open_our_classic_envelopes_and_refuse_tampered_ones(library: Library) -> None:
    check_ours_with(library, Suite.CLASSIC_1)


@pytest.mark.parametrize("recipients", [("cis-atc",), ("cis-atc", "kg-gknb")], ids=["one", "two"])
def test_we_open_their_classic_envelopes_and_refuse_tampered_ones(
    library: Library, recipients: tuple[str, ...]
) -> None:
    check_theirs_with(library, Suite.CLASSIC_1, recipients)


@pytest.mark.slow
def test_npm_opens_our_hybrid_envelopes_and_refuses_tampered_ones(npm_folder: Npm) -> None:
    check_ours_with(npm_folder, Suite.HYBRID_1)


@pytest.mark.slow
@pytest.mark.parametrize("recipients", [("cis-atc",), ("cis-atc", "kg-gknb")], ids=["one", "two"])
def test_we_open_npms_hybrid_envelopes_and_refuse_tampered_ones(
    npm_folder: Npm, recipients: tuple[str, ...]
) -> None:
    check_theirs_with(npm_folder, Suite.HYBRID_1, recipients)


def jws_of(raw: bytes) -> bytes:
    return open(peek(raw, max_bytes=65536), agency="cis-atc", keys=agency("cis-atc").decryption).jws


def test_jwcrypto_verifies_both_of_our_hybrid_signatures() -> None:
    sender = public_jwks("kz-knb", "sig")
    verified = Jwcrypto.verify(jws_of(forge(suite=Suite.HYBRID_1)), sender)
    assert verified.keys() == {"ES256", "ML-DSA-65"}
    assert all(b"manifest" in payload for payload in verified.values())


@pytest.mark.parametrize("index", [0, 1], ids=["ES256", "ML-DSA-65"])
def test_jwcrypto_refuses_either_signature_when_it_was_changed(index: int) -> None:
    def change(jws: Any) -> None:
        one = jws["signatures"][index]
        one["signature"] = b64u(bytes([unb64u(one["signature"])[0] ^ 1]) + unb64u(one["signature"])[1:])

    jws = jws_of(forge(suite=Suite.HYBRID_1, in_jws=change))
    with pytest.raises(Exception, match="erification failed"):
        Jwcrypto.verify(jws, public_jwks("kz-knb", "sig"))


def test_we_verify_a_hybrid_jws_that_jwcrypto_signed() -> None:
    content = record()
    of = manifest(content, suite=Suite.HYBRID_1)
    payload = b'{"content":%b,"manifest":%b}' % (canonical(content), canonical(of.as_document()))
    signed = Jwcrypto.sign(payload, Suite.HYBRID_1, signing("kz-knb", Suite.HYBRID_1))
    theirs = json.loads(signed)
    raw = forge(content=content, of=of, in_jws=lambda jws: jws.update(theirs))
    verified = read(raw, "cis-atc")
    assert verified.signed_by == tuple(key["kid"] for key in signing("kz-knb", Suite.HYBRID_1))
