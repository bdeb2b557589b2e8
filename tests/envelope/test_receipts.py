from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.envelope.canonical import canonical
from hub.envelope.jws import sign_jws
from hub.envelope.receipts import RECEIPT_TYPE, SENTENCE_MAX, Statement, issue, verify_receipt
from hub.envelope.suites import Suite
from hub.errors import HubError
from hub.records.lifecycle import ReceiptStatus
from tests.amounts import examples
from tests.envelope.agencies import BOTH, NOW, agency
from tests.envelope.forging import changed

few = settings(max_examples=examples(60), deadline=None)

FIELDS: dict[str, Any] = {
    "receipt_id": "0195e9a0-0000-7000-8000-0000000000f0",
    "envelope_id": "0195e9a0-0000-7000-8000-00000000000e",
    "envelope_digest": "ab" * 32,
    "by": "cis-atc",
    "to": "kz-knb",
    "status": ReceiptStatus.ACCEPTED,
    "at": NOW,
}
REFUSAL = {"status": ReceiptStatus.REFUSED, "reason": "agreement-missing", "sentence": "Соглашения нет."}
ATC = agency("cis-atc")


def signed(document: dict[str, Any], **how: Any) -> bytes:
    told: dict[str, Any] = {"typ": RECEIPT_TYPE, "keys": ATC.signing, "suite": Suite.CLASSIC_1} | how
    return sign_jws(canonical(document), **told)


@pytest.mark.parametrize("suite", Suite)
@pytest.mark.parametrize(
    "more",
    [
        {},
        REFUSAL,
        {"status": ReceiptStatus.DELIVERED, "member": "kz-mvd", "record_id": FIELDS["envelope_id"]},
    ],
    ids=["accepted", "refused", "delivered"],
)
def test_a_receipt_says_what_was_stated(suite: Suite, more: dict[str, Any]) -> None:
    statement = Statement(**(FIELDS | more))
    raw = issue(statement, ATC.signing, suite)
    assert verify_receipt(raw, by=ATC.public, allowed=BOTH) == statement


DOCUMENT = Statement(**FIELDS).as_document()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (lambda: b"{}", "receipt-invalid"),
        (lambda: b" " * 20_000, "receipt-invalid"),
        (lambda: signed(DOCUMENT, typ="hub-record+json"), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"more": 1}), "receipt-invalid"),
        (lambda: signed({"by": "cis-atc"}), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"by": "kg-gknb"}), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"status": "refused"}), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"reason": "internal"}), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"status": "lost"}), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"envelope_digest": "AB" * 32}), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"at": "2026-03-31"}), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"member": "somebody else"}), "receipt-invalid"),
        (lambda: signed(DOCUMENT | {"sentence": "a" * (SENTENCE_MAX + 1)}), "receipt-invalid"),
        (lambda: signed(DOCUMENT, keys=agency("kg-gknb").signing), "key-unknown"),
        (lambda: signed(DOCUMENT, suite=Suite.HYBRID_1), "suite-not-allowed"),
        (lambda: changed(signed(DOCUMENT), lambda jws: jws.update(signatures=[])), "signature-missing"),
        (
            lambda: changed(signed(DOCUMENT), lambda jws: jws["signatures"][0].update(signature="A" * 86)),
            "signature-invalid",
        ),
    ],
    ids=[
        "empty",
        "too large",
        "another type",
        "a member too many",
        "members missing",
        "in another's name",
        "a refusal without a reason",
        "a reason without a refusal",
        "an unknown status",
        "a digest in capitals",
        "a time without hours",
        "a member that is no agency",
        "a long sentence",
        "by another's key",
        "a suite that is not pinned",
        "no signature",
        "a wrong signature",
    ],
)
def test_a_receipt_that_proves_nothing_is_refused(raw: Callable[[], bytes], code: str) -> None:
    with pytest.raises(HubError) as refused:
        verify_receipt(raw(), by=ATC.public, allowed=frozenset({Suite.CLASSIC_1}))
    assert refused.value.code == code


RAW = issue(Statement(**(FIELDS | REFUSAL)), ATC.signing, Suite.CLASSIC_1)


@few
@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_no_flipped_byte_of_a_receipt_verifies(index: int, bits: int) -> None:
    with pytest.raises(HubError):
        verify_receipt(
            RAW[:index] + bytes([RAW[index] ^ bits]) + RAW[index + 1 :], by=ATC.public, allowed=BOTH
        )


def test_a_reason_that_this_hub_does_not_know_is_kept() -> None:
    statement = Statement(**(FIELDS | REFUSAL | {"reason": "a-later-code"}))
    assert (
        verify_receipt(issue(statement, ATC.signing, Suite.CLASSIC_1), by=ATC.public, allowed=BOTH)
        == statement
    )


@pytest.mark.parametrize(
    "change",
    [{"receipt_id": "1"}, {"to": "x"}, {"reason": "not a code", "status": ReceiptStatus.REFUSED}],
    ids=str,
)
def test_a_statement_is_checked_when_it_is_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Statement(**(FIELDS | change))
