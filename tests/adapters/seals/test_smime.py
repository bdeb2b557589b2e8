"""The CMS seal: what is altered, stripped, spliced, redirected or signed by others is refused by its code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms, core

from adapters import registry
from adapters.kit.carriers import seals
from adapters.seals.smime import SmimeSeal
from adapters.seals.smime.encrypting import decrypt, encrypt
from adapters.seals.smime.pins import Pins
from adapters.seals.smime.signing import sign
from hub.errors import HubError, Refused
from tests.adapters.materials import Given
from tests.adapters.seals.parties import NOW, Party, ec_key, party, rsa_key

#: The object identifier id-data, as DER.
_DATA = bytes.fromhex("06092a864886f70d010701")
US, THEM, OTHER = (party(name, ec_key()) for name in ("kz-knb", "de-bka", "xx-other"))


def refusal(seal: SmimeSeal, sealed: bytes) -> str:
    with pytest.raises(HubError) as failure:
        seal.open(sealed)
    return failure.value.code


def signed_by(who: Party, content: bytes = b"document", *, meant_for: Party = US) -> bytes:
    return sign(content, key=who.key, certificate=who.certificate, recipients=[meant_for.certificate], at=NOW)


def for_us(inner: bytes) -> bytes:
    return encrypt(inner, recipients=[US.certificate])


def test_what_is_sealed_opens_with_its_signer() -> None:
    opened = US.to(THEM).open(THEM.to(US).seal(b"document"))
    assert opened.document == b"document"
    assert opened.signer.startswith("CN=de-bka (sha256:")


def test_a_stripped_signature_is_refused() -> None:
    structure = cms.ContentInfo.load(signed_by(THEM))
    structure["content"]["signer_infos"] = cms.SignerInfos([])
    assert refusal(US.to(THEM), for_us(structure.dump(force=True))) == "signature-missing"
    assert refusal(US.to(THEM), for_us(b"document")) == "signature-missing"
    plain = cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"document")})
    assert refusal(US.to(THEM), for_us(plain.dump())) == "signature-missing"


def test_content_outside_of_the_signature_is_refused() -> None:
    structure = cms.ContentInfo.load(signed_by(THEM))
    structure["content"]["encap_content_info"] = {"content_type": "data"}
    assert refusal(US.to(THEM), for_us(structure.dump(force=True))) == "signature-missing"


def test_other_content_under_a_signature_is_refused() -> None:
    inner = signed_by(THEM).replace(b"document", b"documenT")
    assert refusal(US.to(THEM), for_us(inner)) == "signature-invalid"


def test_two_signers_are_refused() -> None:
    structure = cms.ContentInfo.load(signed_by(THEM))
    more = cms.ContentInfo.load(signed_by(OTHER))["content"]["signer_infos"][0]
    structure["content"]["signer_infos"].append(more)
    assert refusal(US.to(THEM), for_us(structure.dump(force=True))) == "signature-invalid"


@pytest.mark.parametrize("nested", ["signed in signed", "encrypted in encrypted", "encrypted in signed"])
def test_nested_parts_are_not_unwrapped(nested: str) -> None:
    if nested == "encrypted in encrypted":
        assert refusal(US.to(THEM), for_us(for_us(signed_by(THEM)))) == "signature-missing"
        return
    inner = signed_by(THEM, signed_by(OTHER) if nested == "signed in signed" else for_us(b"x"))
    named = _DATA[:-1] + b"\x02" if nested == "signed in signed" else _DATA[:-1] + b"\x03"
    # Only what the structure says of its content is changed: the first that names it.
    assert refusal(US.to(THEM), for_us(inner.replace(_DATA, named, 1))) == "signature-invalid"


def test_a_signer_that_is_not_pinned_is_refused() -> None:
    assert refusal(US.to(THEM), OTHER.to(US).seal(b"document")) == "signature-invalid"


def test_another_recipient_cannot_open() -> None:
    assert refusal(US.to(THEM), THEM.to(OTHER).seal(b"document")) == "decryption-failed"


def test_what_was_signed_for_another_is_refused_when_it_is_encrypted_for_us() -> None:
    redirected = for_us(signed_by(THEM, meant_for=OTHER))
    assert refusal(US.to(THEM), redirected) == "recipient-mismatch"
    assert US.to(THEM, bound=False).open(redirected).document == b"document"


def test_an_expired_certificate_is_refused_on_both_ways() -> None:
    old = party(
        "de-bka", ec_key(), since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2021, 1, 1, tzinfo=UTC)
    )
    assert refusal(US.to(old), for_us(signed_by(old))) == "certificate-expired"
    with pytest.raises(HubError) as failure:
        US.to(old).seal(b"document")
    assert failure.value.code == "certificate-expired"


def test_a_weak_or_unfit_certificate_is_refused() -> None:
    weak = party("de-bka", rsa_key(1024))
    assert refusal(US.to(weak), for_us(signed_by(weak))) == "certificate-weak"
    authority = party("de-bka", ec_key(), authority=True)
    assert refusal(US.to(authority), for_us(signed_by(authority))) == "certificate-unfit"


def test_an_authority_vouches_only_for_the_subject_that_is_named() -> None:
    authority = party("authority", ec_key(), authority=True)
    issued = party("de-bka", ec_key(), issuer=authority)
    someone = party("someone", ec_key(), issuer=authority)
    pins = Pins(ends=[], authorities=[authority.certificate], subject="CN=de-bka")
    assert US.to(issued, pins=pins).open(for_us(signed_by(issued))).document == b"document"
    assert refusal(US.to(issued, pins=pins), for_us(signed_by(someone))) == "signature-invalid"
    forged = party("de-bka", ec_key(), issuer=party("authority", ec_key(), authority=True))
    assert refusal(US.to(issued, pins=pins), for_us(signed_by(forged))) == "signature-invalid"


def test_what_is_not_authenticated_is_not_decrypted() -> None:
    structure = cms.ContentInfo.load(THEM.to(US).seal(b"document"))
    enveloped = structure["content"]
    enveloped["mac"] = bytes(16)
    assert refusal(US.to(THEM), structure.dump(force=True)) == "decryption-failed"
    assert refusal(US.to(THEM), b"") == "decryption-failed"
    assert refusal(US.to(THEM), b"\x30\x80" * 5000) == "decryption-failed"
    assert refusal(US.to(THEM), bytes(2 << 20)) == "partner-document-too-large"


@pytest.mark.slow
def test_two_recipients_both_open() -> None:
    mixed = party("xx-rsa", rsa_key())
    sealed = encrypt(b"for both", recipients=[mixed.certificate, US.certificate])
    for who in (mixed, US):
        assert decrypt(sealed, keys_of=[(who.certificate, who.key)]) == b"for both"


@pytest.mark.slow
@pytest.mark.parametrize("make_key", [ec_key, rsa_key], ids=["ecdh", "rsa"])
def test_the_seal_keeps_the_contract(make_key: object, tmp_path: Path) -> None:
    who = party("both", ec_key() if make_key is ec_key else rsa_key())
    given = Given(
        us="both",
        them="both",
        state=tmp_path,
        keys={"smime": who.key},
        chains={"smime": [who.certificate], "both": [who.certificate]},
    )
    seal = registry.make_seal("smime", {}, given)
    assert "bytes sealed" in seals(replace(registry.make("bilateral"), seal=seal))


def test_a_key_that_is_not_that_of_the_certificate_makes_no_seal(tmp_path: Path) -> None:
    given = Given(
        us="a",
        them="b",
        state=tmp_path,
        keys={"smime": OTHER.key},
        chains={"smime": [US.certificate], "b": [THEM.certificate]},
    )
    with pytest.raises(Refused) as refused:
        registry.make_seal("smime", {}, given)
    assert refused.value.code == "adapter-invalid"
