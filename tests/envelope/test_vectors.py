"""The committed vectors, read with nothing but their own keys: what another team would do."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from hub.codes import CODES
from hub.envelope import open, peek, verify
from hub.envelope.attachments import decrypt_chunks
from hub.envelope.canonical import digest
from hub.envelope.encoding import unb64u
from hub.envelope.keys import DecryptionKeys, PublicKeys, thumbprint, xwing_from_seed
from hub.envelope.receipts import verify_receipt
from hub.envelope.reconciliation import BooksStatement, verify_books
from hub.envelope.sealing import Verified
from hub.envelope.suites import Suite
from hub.envelope.transfers import TransferStatement, verify_transfer
from hub.errors import HubError
from tests.envelope.test_cases import ALL

FOLDER = Path(__file__).parent.parent / "vectors" / "envelope"


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))


KEYS = load("keys")["agencies"]
RECEIPTS = load("receipts")
ATTACHMENTS = load("attachments")
STATEMENTS = load("statements")
BOOKS = load("books")
ACCEPT, REJECT = load("accept"), load("reject")


def public(name: str) -> PublicKeys:
    return PublicKeys.from_jwks(name, KEYS[name]["jwks"])


def decryption(name: str) -> DecryptionKeys:
    p256, xwing = {}, {}
    for private in KEYS[name]["private"]:
        if private["kty"] == "EC":
            key = derive_private_key(int.from_bytes(unb64u(private["d"]), "big"), SECP256R1())
            p256[thumbprint(key.public_key())] = key
        elif private["alg"] == "HPKE-9-KE":
            secret, shown = xwing_from_seed(unb64u(private["priv"]))
            assert shown.raw == unb64u(private["pub"])
            xwing[thumbprint(shown)] = secret
    return DecryptionKeys(p256=p256, xwing=xwing)


def suites(vector: dict[str, Any]) -> frozenset[Suite]:
    return frozenset(map(Suite, vector["suites"]))


def read(vector: dict[str, Any]) -> Verified:
    raw = vector["envelope"].encode() if "envelope" in vector else unb64u(vector["envelope_base64url"])
    reader = vector["reader"]
    sealed = peek(raw, max_bytes=vector["max_bytes"])
    return verify(
        open(sealed, agency=reader, keys=decryption(reader)),
        sender=public(vector["sender"]),
        agency=reader,
        allowed=suites(vector),
        at=datetime.fromisoformat(vector["at"]),
        skew_s=300,
    )


def by_name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", ACCEPT, ids=by_name)
def test_envelope_is_accepted(vector: dict[str, Any]) -> None:
    verified = read(vector)
    assert verified.content == vector["content"]
    assert verified.sealed.digest.hex() == vector["digest"]


@pytest.mark.parametrize("vector", REJECT, ids=by_name)
def test_envelope_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    with pytest.raises(HubError) as refused:
        read(vector)
    assert refused.value.code == vector["code"], refused.value.sentence


@pytest.mark.parametrize("vector", RECEIPTS["accept"], ids=by_name)
def test_receipt_is_accepted(vector: dict[str, Any]) -> None:
    raw = vector["receipt"].encode()
    statement = verify_receipt(raw, by=public(vector["by"]), allowed=suites(vector))
    assert statement.as_document() == vector["statement"]


@pytest.mark.parametrize("vector", RECEIPTS["reject"], ids=by_name)
def test_receipt_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    with pytest.raises(HubError) as refused:
        verify_receipt(vector["receipt"].encode(), by=public(vector["by"]), allowed=suites(vector))
    assert refused.value.code == vector["code"]


def stated(vector: dict[str, Any]) -> TransferStatement:
    raw = vector["statement"].encode()
    return verify_transfer(raw, by=public(STATEMENTS["by"]), to=STATEMENTS["to"], allowed=suites(vector))


@pytest.mark.parametrize("vector", STATEMENTS["accept"], ids=by_name)
def test_transfer_statement_is_accepted(vector: dict[str, Any]) -> None:
    assert stated(vector).as_document() == vector["document"]


@pytest.mark.parametrize("vector", STATEMENTS["reject"], ids=by_name)
def test_transfer_statement_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    with pytest.raises(HubError) as refused:
        stated(vector)
    assert refused.value.code == vector["code"]


def booked(vector: dict[str, Any]) -> BooksStatement:
    raw = vector["statement"].encode()
    return verify_books(raw, by=public(BOOKS["by"]), to=BOOKS["to"], allowed=frozenset(Suite))


@pytest.mark.parametrize("vector", BOOKS["accept"], ids=by_name)
def test_books_are_accepted(vector: dict[str, Any]) -> None:
    assert booked(vector).as_document() == vector["document"]


@pytest.mark.parametrize("vector", BOOKS["reject"], ids=by_name)
def test_books_are_refused_with_their_code(vector: dict[str, Any]) -> None:
    with pytest.raises(HubError) as refused:
        booked(vector)
    assert refused.value.code == vector["code"]


def decrypted(vector: dict[str, Any]) -> bytes:
    key, chunk_bytes = unb64u(ATTACHMENTS["key"]), ATTACHMENTS["chunk_bytes"]
    return b"".join(decrypt_chunks([unb64u(vector["encrypted"])], key=key, chunk_bytes=chunk_bytes))


@pytest.mark.parametrize("vector", ATTACHMENTS["accept"], ids=by_name)
def test_attachment_is_decrypted(vector: dict[str, Any]) -> None:
    assert decrypted(vector) == unb64u(vector["plain"])


@pytest.mark.parametrize("vector", ATTACHMENTS["reject"], ids=by_name)
def test_attachment_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(HubError) as refused:
        decrypted(vector)
    assert refused.value.code == vector["code"]


def test_the_vectors_cover_every_code_of_the_room() -> None:
    """Others find reused ids (inbox), cards and their suites (federation) and passages (exchange)."""
    names = list(CODES)
    section = names[names.index("envelope-malformed") : names.index("chunk-invalid") + 1]
    elsewhere = {"envelope-id-reused", "document-invalid", "suites-fewer", "passage-invalid"}
    shown = {
        vector["code"]
        for vector in [*REJECT, *RECEIPTS["reject"], *STATEMENTS["reject"], *ATTACHMENTS["reject"]]
    }
    assert shown == set(section) - elsewhere


def test_the_vectors_are_those_of_the_cases() -> None:
    assert [(vector["name"], vector["code"]) for vector in REJECT] == [(case.name, case.code) for case in ALL]


def test_the_digest_of_a_vector_is_over_its_bytes() -> None:
    vector = ACCEPT[0]
    assert digest(vector["envelope"].encode()).hex() == vector["digest"]
