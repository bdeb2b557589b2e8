"""Messages that were written once open the same, and what was refused once is refused the same."""

from __future__ import annotations

import json
import os
import tracemalloc
from base64 import b64decode
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.carriers.as4.failures import Ebms, about_of, error_of
from adapters.carriers.as4.messages import pack, unpack
from adapters.carriers.as4.mime import read_parts
from adapters.carriers.as4.names import message_id, parcel_of
from adapters.carriers.as4.parties import Agreed
from adapters.carriers.as4.signals import Failure, Receipt, read_signal, write_failure, write_receipt
from adapters.carriers.as4.signing import references_of
from adapters.carriers.as4.soap import read_envelope
from adapters.contract import Parcel
from hub.errors import HubError, PeerFault
from tests.adapters.carriers.as4.ends import agreed
from tests.adapters.carriers.as4.forging import PARCEL, Forger, Message, receipts
from tests.adapters.carriers.as4.write_vectors import VECTORS
from tests.adapters.seals.parties import Party

SAID: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
AT = datetime.fromisoformat(SAID["at"])
ABOUT = message_id(PARCEL.parcel_id, "kz-knb")


@cache
def side(name: str) -> Party:
    return read_party(name, SAID["parties"][name])


def read_party(name: str, said: dict[str, str]) -> Party:
    key = load_pem_private_key(said["key"].encode(), None)
    certificate = x509.load_pem_x509_certificate(said["certificate"].encode())
    return Party(name=name, key=key, certificate=certificate)  # type: ignore[arg-type]


@cache
def ours() -> Agreed:
    return agreed(side("kz-knb"), side("de-bka"))


@cache
def theirs() -> Agreed:
    return agreed(side("de-bka"), side("kz-knb"))


@cache
def forger() -> Forger:
    stranger = agreed(side("stranger"), side("kz-knb"), us=theirs().us)
    return Forger(ours=ours(), theirs=theirs(), stranger=stranger, at=AT)


def message(row: dict[str, str]) -> Message:
    return row["type"], b64decode(row["body"])


def answered(raw: bytes) -> Receipt | Failure:
    references = references_of(read_envelope(read_parts(*message(SAID["sent"])).envelope))
    return read_signal(raw, about=ABOUT, references=references, agreed=ours(), at=AT)


@pytest.mark.parametrize("row", SAID["accept"], ids=lambda row: row["name"])
def test_it_opens(row: dict[str, str]) -> None:
    opened = unpack(*message(row), ours(), AT)
    assert opened.parcel.content.decode() == SAID["content"]
    assert opened.signer == side("de-bka").certificate


@pytest.mark.parametrize("row", SAID["reject"], ids=lambda row: row["name"])
def test_it_is_refused(row: dict[str, str]) -> None:
    with pytest.raises(HubError) as failure:
        unpack(*message(row), ours(), AT)
    assert failure.value.code == row["code"]
    assert error_of(failure.value) is not Ebms.OTHER


def test_a_message_that_wss4j_made_opens() -> None:
    """The library under Java's gateways; it opened a message of ours as well when this one was made."""
    said = json.loads(VECTORS.with_name("wss4j.json").read_text(encoding="utf-8"))
    us, them = (read_party(name, said["parties"][name]) for name in ("kz-knb", "de-bka"))
    opened = unpack(*message(said), agreed(us, them), datetime.fromisoformat(said["at"]))
    assert opened.parcel.content.decode() == said["content"]
    assert opened.signer == them.certificate


def test_prefixes_that_a_canonical_form_counts_in_are_verified() -> None:
    assert unpack(*forger().inclusive(["env", "wsse11"]), ours(), AT).parcel == PARCEL
    with pytest.raises(HubError) as failure:
        unpack(*forger().inclusive(["env"] * 40), ours(), AT)
    assert failure.value.code == "partner-document-hostile"


def test_the_receipt_counts() -> None:
    assert answered(b64decode(SAID["receipt"])) == Receipt(signer=side("de-bka").certificate)


@pytest.mark.parametrize("row", SAID["receipts"], ids=lambda row: row["name"])
def test_it_is_no_receipt(row: dict[str, str]) -> None:
    with pytest.raises(HubError) as failure:
        answered(b64decode(row["raw"]))
    assert failure.value.code == row["code"]


def test_the_vectors_are_all_that_is_forged() -> None:
    made = Counter(f"{one.sort}: {one.name}" for one in forger().messages())
    kept = Counter(row["name"] for row in SAID["reject"])
    assert made - kept == Counter({"endless documents: a header without end": 1, "zip bombs: a gzip bomb": 1})
    assert not kept - made
    sent = message(SAID["sent"])
    assert [one.name for one in receipts(forger(), sent)] == [row["name"] for row in SAID["receipts"]]


def test_a_certificate_that_ended_signs_nothing_and_is_not_encrypted_for() -> None:
    old = side("expired")
    by_old = agreed(old, side("kz-knb"), us=theirs().us)
    with pytest.raises(PeerFault) as failure:
        unpack(*pack(PARCEL, by_old, AT), agreed(side("kz-knb"), old, them=theirs().us), AT)
    assert failure.value.code == "certificate-expired"
    with pytest.raises(PeerFault) as failure:
        pack(PARCEL, agreed(side("kz-knb"), old), AT)
    assert failure.value.code == "certificate-expired"


def test_an_error_tells_which_message_it_is_about_and_why() -> None:
    with pytest.raises(HubError) as failure:
        unpack(*pack(PARCEL, forger().stranger, AT), ours(), AT)
    told = (error_of(failure.value), about_of(failure.value))
    assert told == (Ebms.AUTHENTICATION, message_id(PARCEL.parcel_id, "de-bka"))
    raw = write_failure(ABOUT, told[0], code="signature-invalid", sentence="No.", agreed=theirs(), at=AT)
    assert answered(raw) == Failure(
        code="partner-refused",
        sentence="EBMS:0101 FailedAuthentication signature-invalid",
        signer=side("de-bka").certificate,
    )


def test_a_message_of_several_documents_is_answered_as_not_agreed() -> None:
    (several,) = (one for one in forger().messages() if one.sort == "several parts")
    with pytest.raises(HubError) as failure:
        unpack(*several.make(), ours(), AT)
    assert (error_of(failure.value), failure.value.code) == (Ebms.MODE, "partner-document-several")
    assert about_of(failure.value) == message_id(PARCEL.parcel_id, "de-bka")
    assert failure.value.sentence == "Expected one payload in the message, as was agreed; it has 2."


def test_a_message_of_the_largest_size_is_opened_in_a_few_times_its_memory() -> None:
    size = 4 << 20
    sealed = pack(Parcel(parcel_id="p", content=os.urandom(size)), theirs(), AT)
    most = replace(ours(), max_parcel_bytes=size)
    tracemalloc.start()
    try:
        unpack(*sealed, most, AT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Beside the message itself: its part, what that opens to, and twice what the gzip in it comes to.
    assert peak <= 2 * len(sealed[1]) + 2 * size + (256 << 10)


def test_an_error_that_the_partner_did_not_sign_proves_nothing() -> None:
    by_another = forger().stranger
    for about in (ABOUT, None):
        raw = write_failure(about, Ebms.OTHER, code="conflict", sentence="No.", agreed=by_another, at=AT)
        found = answered(raw)
        assert isinstance(found, Failure)
        assert found.signer is None
    of_none = write_failure(None, Ebms.OTHER, code="conflict", sentence="No.", agreed=theirs(), at=AT)
    found = answered(of_none)
    assert isinstance(found, Failure)
    assert found.signer is None


def test_an_error_about_another_message_is_refused() -> None:
    raw = write_failure("q@kz-knb", Ebms.OTHER, code="conflict", sentence="No.", agreed=theirs(), at=AT)
    with pytest.raises(HubError) as failure:
        answered(raw)
    assert failure.value.code == "receipt-invalid"


def test_the_same_content_is_signed_the_same_under_every_key_it_is_encrypted_with() -> None:
    first, second = (unpack(*pack(PARCEL, theirs(), AT), ours(), AT) for _ in range(2))
    assert first.references[2] == second.references[2]


def test_each_id_of_a_message_is_one_parcels() -> None:
    assert parcel_of("p.1@de-bka", "de-bka") == "p.1"
    others = ["p.1@other", "p.1", "as4-1@de-bka", "../x@de-bka", "<p.1>@de-bka", "p.1@de-bka@de-bka"]
    found = {parcel_of(one, "de-bka") for one in others}
    assert len(found) == len(others)
    assert all(one.startswith("as4-") for one in found)


@pytest.mark.slow
def test_whatever_byte_is_changed_no_other_content_is_read() -> None:
    media_type, body = forger().honest()
    for place in range(0, len(body), 17):
        changed = bytes((*body[:place], body[place] ^ 1, *body[place + 1 :]))
        with suppress(HubError):
            assert unpack(media_type, changed, ours(), AT).parcel == PARCEL


def test_a_receipt_of_ours_repeats_what_was_signed() -> None:
    came = unpack(*forger().honest(), ours(), AT)
    raw = write_receipt(came.message_id, came.references, ours(), AT)
    read = read_signal(raw, about=came.message_id, references=came.references, agreed=theirs(), at=AT)
    assert read == Receipt(signer=side("kz-knb").certificate)
