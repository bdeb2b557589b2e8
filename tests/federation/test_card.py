"""Cards: what a hub says of itself is signed by the keys it names, or it is no card."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.envelope.documents import sign_document
from hub.envelope.keys import PublicKeys
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure
from hub.federation.card import (
    CARD_LIFE,
    CARD_MAX_BYTES,
    CARD_TYPE,
    Card,
    fingerprint,
    make_card,
    read_card,
    said,
    said_by,
    words,
)
from keys.authority import make_authority
from tests.amounts import examples
from tests.transport.agencies import card_of, keyring

NOW = datetime.now(UTC)
CARD = card_of("kz-knb")
RAW = make_card(CARD, keyring("kz-knb").signing())


def payload() -> dict[str, Any]:
    text = json.loads(RAW)["payload"]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def signed(document: dict[str, Any], *, by: str = "kz-knb", typ: str = CARD_TYPE) -> bytes:
    return sign_document(document, typ=typ, keys=keyring(by).signing(), suite=Suite.HYBRID_1)


def refused(raw: bytes, *, at: datetime | None = None) -> str:
    with pytest.raises(IntegrityFailure) as raised:
        read_card(raw, at=at)
    assert raised.value.code == "card-invalid"
    return raised.value.sentence


def code_of(raw: bytes) -> str | None:
    try:
        read_card(raw)
    except IntegrityFailure as error:
        return error.code
    return None


def test_a_card_is_read_as_it_was_made() -> None:
    read = read_card(RAW, at=NOW)
    assert replace(read, public=CARD.public, expires_at=None) == CARD
    assert read.public.as_jwks() == CARD.public.as_jwks()
    assert read.expires_at == CARD.issued_at + CARD_LIFE


def test_what_a_card_says_is_compared_without_its_dates_and_without_a_signature() -> None:
    later = replace(CARD, issued_at=CARD.issued_at + timedelta(days=1))
    assert said_by(CARD) == said_by(later) == said(RAW)
    assert said_by(replace(CARD, name="Another")) != said(RAW)


def test_white_space_around_a_card_changes_nothing() -> None:
    assert read_card(b"\n " + RAW + b"\n").agency == "kz-knb"
    assert fingerprint(RAW + b"\n") == fingerprint(RAW)


def test_a_hub_that_cannot_be_called_has_no_address() -> None:
    silent = make_card(card_of("sco-rats", url=None), keyring("sco-rats").signing())
    assert read_card(silent).url is None


def test_a_partner_without_post_quantum_keys_has_a_classical_card() -> None:
    keys = keyring("cis-atc").public()
    classical = PublicKeys(agency="cis-atc", es256=keys.es256, p256=keys.p256, encrypt_p256=keys.encrypt_p256)
    card = replace(card_of("cis-atc"), public=classical, suites=(Suite.CLASSIC_1,))
    read = read_card(make_card(card, keyring("cis-atc").signing()))
    assert (read.suites, dict(read.public.mldsa65)) == ((Suite.CLASSIC_1,), {})


def test_a_hybrid_suite_without_its_keys_is_refused() -> None:
    keys = keyring("cis-atc").public()
    classical = PublicKeys(agency="cis-atc", es256=keys.es256, p256=keys.p256, encrypt_p256=keys.encrypt_p256)
    with pytest.raises(ValueError, match="without keys"):
        replace(card_of("cis-atc"), public=classical)


@pytest.mark.parametrize("name", sorted(payload()))
def test_a_card_with_any_member_altered_is_refused(name: str) -> None:
    document = payload()
    other = {
        "mailbox": False,
        "suites": ["classic-1"],
        "keys": keyring("cis-atc").public().as_jwks(),
        "log": document["log"][:1],
        "witness": document["witness"][:1],
    }
    texts = {
        "agency": "kz-knx",
        "name": "KGB",
        "url": "https://evil.example",
        "issued_at": "2026-01-01T00:00:00Z",
        "expires_at": "2199-01-01T00:00:00Z",
        "tls_authority": keyring("cis-atc").tls_files().authority_pem,
    }
    document[name] = (other | texts)[name]
    jws = json.loads(RAW)
    altered = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    jws["payload"] = base64.urlsafe_b64encode(altered).decode().rstrip("=")
    refused(json.dumps(jws).encode())


def test_a_card_without_signatures_is_refused() -> None:
    refused(json.dumps(json.loads(RAW) | {"signatures": []}).encode())


@pytest.mark.parametrize("kept", [0, 1])
def test_a_card_with_one_of_its_two_signatures_is_refused(kept: int) -> None:
    jws = json.loads(RAW)
    jws["signatures"] = [jws["signatures"][kept]]
    refused(json.dumps(jws).encode())


def test_a_card_signed_with_other_keys_than_it_names_is_refused() -> None:
    refused(signed(payload(), by="cis-atc"))


def test_another_sort_of_document_is_no_card() -> None:
    refused(signed(payload(), typ="hub-receipt+jws"))


def test_an_oversized_card_is_refused() -> None:
    assert str(CARD_MAX_BYTES) in refused(RAW + b" " * CARD_MAX_BYTES)


def test_a_card_is_pinned_only_while_it_lasts() -> None:
    assert read_card(RAW, at=CARD.issued_at + CARD_LIFE).agency == "kz-knb"
    assert "new one" in refused(RAW, at=CARD.issued_at + CARD_LIFE + timedelta(seconds=1))
    assert "future" in refused(RAW, at=CARD.issued_at - timedelta(minutes=6))
    assert read_card(RAW).agency == "kz-knb"


def test_a_card_whose_authority_is_not_in_force_cannot_be_pinned() -> None:
    old = make_authority("kz-knb", at=NOW - timedelta(days=4000))
    pem = old.certificate.public_bytes(Encoding.PEM).decode()
    raw = make_card(replace(CARD, tls_ca_pem=pem), keyring("kz-knb").signing())
    assert "authority" in refused(raw, at=NOW)


@pytest.mark.parametrize("missing", ["agency", "keys", "tls_authority", "suites", "mailbox", "expires_at"])
def test_a_card_without_a_member_is_refused(missing: str) -> None:
    document = payload()
    del document[missing]
    assert missing in refused(signed(document))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("more", 1),
        ("agency", "KZ"),
        ("name", "a\u202eb"),
        ("name", "x" * 201),
        ("mailbox", "yes"),
        ("suites", []),
        ("suites", ["hybrid-1", "hybrid-1"]),
        ("suites", ["rot13"]),
        ("keys", []),
        ("url", "http://knb.example"),
        ("url", "https://knb.example/path"),
        ("url", "https://a:b@knb.example"),
        ("url", "https://knb.example:99999"),
        ("url", "https://"),
        ("tls_authority", "none"),
        ("issued_at", "yesterday"),
        ("given_up", ["no id"]),
        ("given_up", ["A" * 43, "A" * 43]),
        ("given_up", [f"{number:043}" for number in range(65)]),
        ("given_up", [next(iter(CARD.public.es256))]),
    ],
)
def test_a_card_with_an_impossible_member_is_refused(name: str, value: object) -> None:
    refused(signed(payload() | {name: value}))


def test_a_card_names_the_keys_that_were_given_up() -> None:
    gone = replace(CARD, given_up=("A" * 43, "b" * 43))
    assert read_card(make_card(gone, keyring("kz-knb").signing())).given_up == gone.given_up
    assert "given_up" not in payload()


def test_an_authority_of_another_agency_is_refused() -> None:
    other = keyring("cis-atc").tls_files().authority_pem
    assert "authority" in refused(signed(payload() | {"tls_authority": other}))


def test_a_second_authority_cannot_ride_along() -> None:
    both = CARD.tls_ca_pem + keyring("cis-atc").tls_files().authority_pem
    assert "nothing else" in refused(signed(payload() | {"tls_authority": both}))


def test_a_leaf_is_no_authority() -> None:
    leaf = keyring("kz-knb").tls_files().certificate.read_text()
    pem = leaf[: leaf.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
    assert "authority" in refused(signed(payload() | {"tls_authority": pem}))


@given(noise=st.binary(max_size=300))
def test_noise_is_no_card(noise: bytes) -> None:
    refused(noise)
    with pytest.raises(IntegrityFailure):
        fingerprint(noise)


@settings(max_examples=examples(60))
@given(at=st.integers(min_value=0, max_value=len(RAW) - 1), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_card_can_be_turned_unseen(at: int, bit: int) -> None:
    altered = bytearray(RAW)
    altered[at] ^= 1 << bit
    refusal = code_of(bytes(altered))
    # Only the spelling of the JSON around the signed bytes may differ.
    assert refusal == "card-invalid" or fingerprint(bytes(altered)) == fingerprint(RAW)


def test_the_words_stand_for_the_fingerprint() -> None:
    assert words("00" * 32) == ("abandon",) * 11 + ("about",)
    assert len(set(words(fingerprint(RAW)))) > 6
    assert words(fingerprint(RAW)) == words(fingerprint(RAW + b"\n"))


def test_a_cards_keys_are_not_shown_when_it_is_printed() -> None:
    assert isinstance(CARD, Card)
    assert "BEGIN" not in repr(CARD)


def test_a_card_carries_the_keys_of_its_log_and_its_witness() -> None:
    read = read_card(RAW, at=NOW)
    assert {key.name for key in read.log_keys} == {"kz-knb/log"}
    assert {key.name for key in read.witness_keys} == {"kz-knb/witness"}
    assert len(read.log_keys) == len(read.witness_keys) == 2


def test_a_card_without_a_log_is_read() -> None:
    bare = make_card(replace(CARD, log_keys=(), witness_keys=()), keyring("kz-knb").signing())
    assert read_card(bare).log_keys == ()


@pytest.mark.parametrize("member", ["log", "witness"])
def test_a_card_cannot_carry_keys_of_another_log_or_witness(member: str) -> None:
    theirs = card_of("cis-atc")
    keys = theirs.log_keys if member == "log" else theirs.witness_keys
    changed = payload() | {member: [key.vkey for key in keys]}
    assert f"not one of kz-knb/{member}" in refused(signed(changed))


@pytest.mark.parametrize(
    "vkeys",
    [["kz-knb/log"], ["kz-knb/log+00000000+" + "A" * 44], [CARD.log_keys[0].vkey] * 2],
    ids=["not a verifier key", "wrong key id", "twice the same"],
)
def test_a_card_with_impossible_log_keys_is_refused(vkeys: list[str]) -> None:
    refused(signed(payload() | {"log": vkeys}))
