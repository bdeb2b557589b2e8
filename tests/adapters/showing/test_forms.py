"""What partners sealed and signed, read as evidence: by the certificates that are handed over alone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.carriers.verdicts import write_verdict
from adapters.contract import Verdict
from adapters.seals.smime.encrypting import decrypt_with_key
from adapters.seals.smime.pins import Pins
from adapters.showing.forms import PartnerForms
from adapters.showing.names import signing_names
from hub.errors import HubError
from hub.evidence.partners import Asked
from tests.adapters.seals.parties import NOW, ec_key, party

US, THEM, OTHER = (party(name, ec_key()) for name in ("kz-knb", "de-bka", "xx-other"))
AUTHORITY = party("de-ca", ec_key(), authority=True)
ISSUED = party("de-bka", ec_key(), issuer=AUTHORITY)
FORMS = PartnerForms()
CONTENT = b"what was handed over"
SEALED = (
    'adapter = "bilateral"\ndialect = "record-json"\n[seal]\nname = "smime"\n[carrier]\nname = "folder"\n'
)


def carried(carrier: str) -> str:
    return f'adapter = "bilateral"\ndialect = "stix"\n[carrier]\nname = "{carrier}"\n'


def asked(source: str, **changes: Any) -> Asked:
    told = Asked(
        source=source,
        us="kz-knb",
        them="de-bka",
        certificates={"de-bka": (THEM.certificate,)},
        at=NOW,
        parcel_id="parcel-1",
        content=CONTENT,
    )
    return replace(told, **changes)


def refusal(act: Any) -> str:
    with pytest.raises(HubError) as failure:
        act()
    return failure.value.code


@pytest.mark.parametrize("carrier", ["folder", "sftp"])
def test_a_file_says_what_it_says_and_nobody_signed_it(carrier: str) -> None:
    taken = FORMS.word(asked(carried(carrier)), write_verdict("parcel-1", CONTENT, Verdict(taken=True)))
    assert taken is not None
    assert (taken.status, taken.signer, taken.digest) == ("accepted", None, sha256(CONTENT).hexdigest())
    other = write_verdict("parcel-2", CONTENT, Verdict(taken=True))
    assert refusal(lambda: FORMS.word(asked(carried(carrier)), other)) == "receipt-invalid"


@pytest.mark.parametrize("carrier", ["taxii", "taxii-server"])
def test_what_a_server_said_is_no_word_by_itself(carrier: str) -> None:
    word = FORMS.word(asked(carried(carrier)), b'{"status": "complete"}')
    assert word is not None
    assert (word.status, word.signer, word.digest) == ("", None, None)


def test_a_bounce_is_the_word_of_a_mail_server_alone() -> None:
    word = FORMS.word(asked(carried("mail")), b"5.1.1")
    assert word is not None
    assert (word.status, word.code, word.signer) == ("refused", "delivery-failed", None)


def test_a_carrier_or_a_seal_of_others_is_not_known() -> None:
    assert FORMS.word(asked(carried("pigeon")), b"any") is None
    strange = SEALED.replace('"smime"', '"wax"')
    assert FORMS.uncover(asked(strange), b"key", signed=True) is None
    assert FORMS.uncover(asked(SEALED), None, signed=True) is None
    assert FORMS.uncover(asked(SEALED, content=None), b"key", signed=True) is None


def test_a_parcel_opens_by_its_own_key_and_its_signature_by_what_is_handed_over() -> None:
    sealed, key = THEM.to(US).seal_showably(b"{}")
    assert US.to(THEM).key_to(sealed) == key
    found = FORMS.uncover(asked(SEALED, content=sealed), key, signed=True)
    assert found is not None
    assert found.signer is not None
    assert (found.document, found.sealed, found.signer.subject) == (b"{}", True, "CN=de-bka")
    assert found.meant_for is not None
    strangers = {"de-bka": (OTHER.certificate,)}
    wrong = asked(SEALED, content=sealed, certificates=strangers)
    assert refusal(lambda: FORMS.uncover(wrong, key, signed=True)) == "signature-invalid"
    assert refusal(lambda: FORMS.uncover(asked(SEALED, content=sealed), bytes(32), signed=True)) == (
        "decryption-failed"
    )
    assert refusal(lambda: decrypt_with_key(sealed, b"short")) == "decryption-failed"
    assert refusal(lambda: OTHER.to(US).key_to(sealed)) == "decryption-failed"


def test_an_authority_vouches_for_its_subject_alone() -> None:
    profile = SEALED.replace(
        'name = "smime"', 'name = "smime"\ntheir_authorities = "de-ca"\ntheir_subject = "CN=de-bka"'
    )
    assert signing_names("de-bka", profile) == {"de-bka", "de-ca"}
    sealed, key = ISSUED.to(US, pins=Pins(ends=[])).seal_showably(b"{}")
    held = {"de-bka": (THEM.certificate,), "de-ca": (AUTHORITY.certificate,)}
    found = FORMS.uncover(asked(profile, content=sealed, certificates=held), key, signed=True)
    assert found is not None
    assert found.signer is not None
    other = profile.replace("CN=de-bka", "CN=fr-dgsi")
    wrong = asked(other, content=sealed, certificates=held)
    assert refusal(lambda: FORMS.uncover(wrong, key, signed=True)) == "signature-invalid"


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        (carried("folder"), set()),
        (carried("as4"), {"de-bka"}),
        (carried("mail") + 'their_certificates = "bka-2026"\n', {"bka-2026"}),
        (SEALED, {"de-bka"}),
        ("no profile", set()),
        ('seal = "smime"', set()),
    ],
)
def test_a_profile_names_the_partners_certificates_and_none_of_ours(profile: str, names: set[str]) -> None:
    assert signing_names("de-bka", profile + "our_certificate = 'smime'\n") == names


def test_a_format_that_is_not_here_proves_nothing() -> None:
    strange = carried("folder").replace('"bilateral"', '"none-such"')
    assert FORMS.translate(strange, {"id": "x"}) is None
    assert FORMS.translate(carried("folder"), {"id": "x"}) is None
    for read in (b"{", b"x" * (1 << 26)):
        assert FORMS.interpret("de-bka", carried("folder"), read, record_id="x", version=1, at="y") is None


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=200), carrier=st.sampled_from(["as4", "folder", "mail", "sftp", "taxii"]))
def test_whatever_lies_there_is_read_or_refused_with_a_code(raw: bytes, carrier: str) -> None:
    with suppress(HubError):
        FORMS.word(asked(carried(carrier)), raw)
    with suppress(HubError):
        FORMS.uncover(asked(SEALED, content=raw), bytes(32), signed=True)
