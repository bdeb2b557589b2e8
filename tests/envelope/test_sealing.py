from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.envelope import Suite, open, peek, seal, sign, verify
from hub.envelope.canonical import canonical, digest
from hub.envelope.encoding import b64u, unb64u
from hub.envelope.keys import DecryptionKeys, PublicKeys, SigningKeys
from hub.envelope.manifest import Approval, AttachmentSecret
from hub.envelope.sealing import open_with_key, read_again, unwrap_key
from hub.errors import HubError, IntegrityFailure, PeerFault
from tests.amounts import examples
from tests.envelope.agencies import BOTH, NOW, agency, manifest, record
from tests.envelope.cases import MAX_BYTES, SKEW_S, read
from tests.envelope.forging import forge

BOTH_SUITES = pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.value)


def sealed_bytes(content: dict[str, Any], **changes: Any) -> bytes:
    made = manifest(content, **changes)
    signed = sign(made, content, agency("kz-knb").signing)
    return seal(signed, [agency(name).public for name in made.recipients]).raw


@BOTH_SUITES
def test_every_recipient_reads_what_was_signed(suite: Suite) -> None:
    content = record()
    raw = sealed_bytes(content, suite=suite)
    for reader in ("cis-atc", "kg-gknb"):
        verified = read(raw, reader=reader)
        assert verified.content == content
        assert verified.content_digest == digest(canonical(content))
        assert verified.manifest == manifest(content, suite=suite)
        assert len(verified.signed_by) == len(suite.signature_algorithms)


@BOTH_SUITES
def test_seal_returns_what_peek_reads(suite: Suite) -> None:
    content = record()
    made = manifest(content, suite=suite)
    sealed = seal(
        sign(made, content, agency("kz-knb").signing),
        [agency("kg-gknb").public, agency("cis-atc").public],
    )
    assert peek(sealed.raw, max_bytes=MAX_BYTES) == sealed
    assert sealed.header == made.header
    assert sealed.digest == digest(sealed.raw)


@BOTH_SUITES
def test_the_content_key_opens_the_envelope_for_whom_it_is_shown(suite: Suite) -> None:
    made = manifest(record(), suite=suite)
    sealed = seal(
        sign(made, record(), agency("kz-knb").signing), [agency(name).public for name in made.recipients]
    )
    reader = agency("cis-atc")
    shown = unwrap_key(peek(sealed.raw, max_bytes=MAX_BYTES), agency="cis-atc", keys=reader.decryption)
    assert shown == sealed.content_key
    assert repr(shown) not in repr(sealed)
    assert open_with_key(sealed, shown).jws == open(sealed, agency="cis-atc", keys=reader.decryption).jws
    with pytest.raises(IntegrityFailure) as refused:
        open_with_key(sealed, bytes(32))
    assert refused.value.code == "decryption-failed"
    with pytest.raises(PeerFault) as malformed:
        open_with_key(sealed, b"short")
    assert malformed.value.code == "envelope-malformed"


def test_manifest_keeps_every_field() -> None:
    content = record(in_reply_to="0195e9a0-0000-7000-8000-0000000000aa")
    secret = AttachmentSecret(
        digest="a" * 64,
        size_bytes=2 * 16 + 1025,
        plain_digest="b" * 64,
        plain_bytes=1025,
        chunk_bytes=1024,
        key=bytes(range(32)),
    )
    fields = {
        "priority": "flash",
        "attachments": (secret,),
        "created_at": NOW + timedelta(microseconds=5),
        "recipients": ("cis-atc",),
    }
    verified = read(sealed_bytes(content, **fields))
    assert verified.manifest == manifest(content, **fields)
    assert verified.sealed.header.attachments == (("a" * 64, 1057),)
    assert repr(secret.key) not in repr(verified.manifest)


def test_a_relay_sees_the_header_and_no_content() -> None:
    content = record(narrative="the narrative that nobody else may see")
    raw = sealed_bytes(content)
    text = raw + b"".join(unb64u(part) for part in json.loads(raw).values() if isinstance(part, str))
    assert b"narrative" not in text
    assert b"assistance-request" not in text
    assert peek(raw, max_bytes=MAX_BYTES).header.recipients == ("cis-atc", "kg-gknb")


@pytest.mark.parametrize("member", ["ciphertext", "iv", "tag"])
@pytest.mark.parametrize("text", ["é", "=", "+", " ", "\\n"])
def test_a_relay_already_refuses_what_is_not_base64url(member: str, text: str) -> None:
    raw = sealed_bytes(record()).replace(f'"{member}":"'.encode(), f'"{member}":"{text}'.encode())
    with pytest.raises(PeerFault) as refused:
        peek(raw, max_bytes=MAX_BYTES)
    assert refused.value.code == "envelope-malformed"


def test_two_seals_share_no_key_and_no_nonce() -> None:
    first, second = (json.loads(sealed_bytes(record())) for _ in range(2))
    assert first["iv"] != second["iv"]
    ephemeral = [entry["header"]["epk"]["x"] for jwe in (first, second) for entry in jwe["recipients"]]
    assert len(set(ephemeral)) == 4


def test_bytes_are_opened_as_they_came() -> None:
    jwe = json.loads(sealed_bytes(record()))
    spaced = json.dumps(dict(reversed(jwe.items())), indent=3).encode()
    assert read(spaced).content == record()


def test_old_decryption_keys_still_open() -> None:
    raw = sealed_bytes(record())
    new, old = agency("sco-rats").decryption, agency("cis-atc").decryption
    keys = DecryptionKeys(p256={**new.p256, **old.p256}, xwing=new.xwing)
    assert open(peek(raw, max_bytes=MAX_BYTES), agency="cis-atc", keys=keys).jws


def test_other_dialects_are_not_compared_with_the_manifest() -> None:
    content = {"type": "bundle", "objects": []}
    made = manifest(record(), dialect="stix/2", recipients=("cis-atc",))
    raw = seal(sign(made, content, agency("kz-knb").signing), [agency("cis-atc").public]).raw
    assert read(raw).content == content


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"label_digest": "A" * 43},
        {"approvals": (Approval(by="officer:second", at=NOW, digest="A" * 43),)},
    ],
    ids=["version", "label", "approval"],
)
def test_sign_refuses_a_manifest_of_other_content(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        sign(manifest(record(), **change), record(), agency("kz-knb").signing)
    assert refused.value.code == "binding-mismatch"


@pytest.mark.parametrize(
    "names",
    [[], ["cis-atc"], ["cis-atc", "kg-gknb", "sco-rats"], ["cis-atc", "sco-rats"], ["cis-atc"] * 2],
    ids=["nobody", "one too few", "one too many", "another", "one twice"],
)
def test_seal_refuses_others_than_were_signed(names: list[str]) -> None:
    signed = sign(manifest(record()), record(), agency("kz-knb").signing)
    with pytest.raises(IntegrityFailure) as refused:
        seal(signed, [agency(name).public for name in names])
    assert refused.value.code == "recipient-mismatch"


def test_seal_refuses_a_recipient_without_a_key_of_the_suite() -> None:
    content = record()
    signed = sign(
        manifest(content, suite=Suite.HYBRID_1, recipients=("cis-atc",)), content, agency("kz-knb").signing
    )
    full = agency("cis-atc").public
    classic_only = PublicKeys(
        agency="cis-atc", es256=full.es256, p256=full.p256, encrypt_p256=full.encrypt_p256
    )
    with pytest.raises(PeerFault) as refused:
        seal(signed, [classic_only])
    assert refused.value.code == "suite-not-allowed"


def test_time_is_allowed_to_differ_by_the_skew() -> None:
    raw = sealed_bytes(record())
    skew = timedelta(seconds=SKEW_S)
    assert read(raw, at=NOW - skew)
    assert read(raw, at=NOW + timedelta(days=7) + skew)


def test_what_was_admitted_is_read_again_after_keys_and_time_have_passed() -> None:
    raw = sealed_bytes(record())
    sealed = peek(raw, max_bytes=MAX_BYTES)
    again, content = read_again(open(sealed, agency="cis-atc", keys=agency("cis-atc").decryption))
    assert content == record()
    assert again == manifest(record())


def test_what_is_read_again_must_still_have_the_form() -> None:
    raw = forge(typ="hub-receipt+json")
    sealed = peek(raw, max_bytes=MAX_BYTES)
    opened = open(sealed, agency="cis-atc", keys=agency("cis-atc").decryption)
    with pytest.raises(PeerFault) as refused:
        read_again(opened)
    assert refused.value.code == "envelope-malformed"


class TokenKey(EllipticCurvePrivateKey):
    """A private key that lives elsewhere: it signs and agrees, and cannot be exported."""

    def __init__(self, inside: EllipticCurvePrivateKey) -> None:
        self._inside = inside

    def exchange(self, algorithm: Any, peer_public_key: EllipticCurvePublicKey) -> bytes:
        return self._inside.exchange(algorithm, peer_public_key)

    def public_key(self) -> EllipticCurvePublicKey:
        return self._inside.public_key()

    def sign(self, data: Any, signature_algorithm: Any) -> bytes:
        return self._inside.sign(data, signature_algorithm)

    @property
    def curve(self) -> Any:
        return self._inside.curve

    @property
    def key_size(self) -> int:
        return self._inside.key_size

    def private_numbers(self) -> Any:
        raise AssertionError("a key in a token has no numbers")

    def private_bytes(self, *_: Any) -> bytes:
        raise AssertionError("a key in a token has no bytes")

    def __copy__(self) -> TokenKey:
        return self

    def __deepcopy__(self, _memo: Any) -> TokenKey:
        return self


def test_keys_may_live_in_a_token() -> None:
    knb, atc = agency("kz-knb"), agency("cis-atc")
    signing = SigningKeys(es256=TokenKey(knb.signing.es256), mldsa65=knb.signing.mldsa65)
    keys = DecryptionKeys(p256={kid: TokenKey(key) for kid, key in atc.decryption.p256.items()}, xwing={})
    content = record()
    sealed = seal(sign(manifest(content, recipients=("cis-atc",)), content, signing), [atc.public])
    opened = open(peek(sealed.raw, max_bytes=MAX_BYTES), agency="cis-atc", keys=keys)
    verified = verify(opened, sender=knb.public, agency="cis-atc", allowed=BOTH, at=NOW, skew_s=SKEW_S)
    assert verified.content == content


ONE = {suite: forge(suite=suite, recipients=("cis-atc",)) for suite in Suite}
TWO = forge()


def flipped(raw: bytes, index: int, bits: int) -> bytes:
    return raw[:index] + bytes([raw[index] ^ bits]) + raw[index + 1 :]


@BOTH_SUITES
@settings(max_examples=examples(100), deadline=None)
@given(data=st.data())
def test_no_flipped_byte_ever_verifies(suite: Suite, data: st.DataObject) -> None:
    raw = ONE[suite]
    index = data.draw(st.integers(0, len(raw) - 1))
    bits = data.draw(st.integers(1, 255))
    with pytest.raises(HubError):
        read(flipped(raw, index, bits))


@pytest.mark.slow
def test_no_flipped_bit_of_the_whole_envelope_ever_verifies() -> None:
    raw = ONE[Suite.CLASSIC_1]
    for index in range(len(raw)):
        for bit in range(8):
            with pytest.raises(HubError):
                read(flipped(raw, index, 1 << bit))


def test_a_change_in_anothers_entry_shows_in_the_digest() -> None:
    """What only another recipient needs is not ours to verify; the receipt's digest tells the sender."""
    mine = TWO.index(b'"recipients":[')
    index = TWO.rindex(b'"encrypted_key":"') + 20
    assert index > mine
    other = b"B" if TWO[index : index + 1] == b"A" else b"A"
    changed = TWO[:index] + other + TWO[index + 1 :]
    assert read(changed).sealed.digest != read(TWO).sealed.digest
    with pytest.raises(HubError):
        read(changed, reader="kg-gknb")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@BOTH_SUITES
@settings(max_examples=examples(25), deadline=None)
@given(details=VALUES, narrative=TEXTS, priority=st.sampled_from(["flash", "urgent", "routine"]))
def test_any_content_comes_back_as_it_was_signed(
    suite: Suite, details: Any, narrative: str, priority: str
) -> None:
    content = record(details=details, narrative=narrative)
    verified = read(sealed_bytes(content, suite=suite, priority=priority, recipients=("cis-atc",)))
    assert verified.content == content
    assert b64u(verified.content_digest) == verified.manifest.approvals[0].digest
