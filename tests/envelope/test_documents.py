from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.envelope.documents import DOCUMENT_MAX_BYTES, peek_document, sign_document, verify_document
from hub.envelope.jws import sign_jws
from hub.envelope.suites import Suite
from hub.errors import HubError, IntegrityFailure
from tests.envelope.agencies import BOTH, agency
from tests.envelope.forging import changed

KNB = agency("kz-knb")
PAYLOAD = {"agency": "kz-knb", "name": "ҰҚК", "list": [1, 2]}
TYPE = "hub-card+json"


@pytest.mark.parametrize("suite", Suite)
def test_a_document_comes_back_as_it_was_signed(suite: Suite) -> None:
    raw = sign_document(PAYLOAD, typ=TYPE, keys=KNB.signing, suite=suite)
    assert verify_document(raw, typ=TYPE, keys=KNB.public, allowed=BOTH) == PAYLOAD
    assert peek_document(raw, TYPE) == PAYLOAD


def made(payload: bytes) -> bytes:
    return sign_jws(payload, typ=TYPE, keys=KNB.signing, suite=Suite.CLASSIC_1)


GOOD = made(b'{"a":1}')


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (lambda: b"not JSON", "document-invalid"),
        (lambda: b" " * (DOCUMENT_MAX_BYTES + 1), "document-invalid"),
        (lambda: made(b'{"a":1,"a":2}'), "document-invalid"),
        (lambda: made(b'{"a": 1}'), "document-invalid"),
        (lambda: made(b"[1]"), "document-invalid"),
        (
            lambda: sign_document(PAYLOAD, typ="hub-receipt+json", keys=KNB.signing, suite=Suite.CLASSIC_1),
            "document-invalid",
        ),
        (
            lambda: sign_document(PAYLOAD, typ=TYPE, keys=agency("cis-atc").signing, suite=Suite.CLASSIC_1),
            "key-unknown",
        ),
        (
            lambda: sign_document(PAYLOAD, typ=TYPE, keys=KNB.signing, suite=Suite.HYBRID_1),
            "suite-not-allowed",
        ),
        (lambda: changed(GOOD, lambda jws: jws.update(signatures=[])), "signature-missing"),
        (lambda: changed(GOOD, lambda jws: jws.update(payload="eyJhIjoyfQ")), "signature-invalid"),
    ],
    ids=[
        "not JSON",
        "too large",
        "a member twice",
        "white space",
        "a list",
        "another type",
        "another's key",
        "a suite that is not pinned",
        "no signature",
        "a changed payload",
    ],
)
def test_a_document_that_was_not_signed_so_is_refused(raw: Callable[[], bytes], code: str) -> None:
    with pytest.raises(HubError) as refused:
        verify_document(raw(), typ=TYPE, keys=KNB.public, allowed=frozenset({Suite.CLASSIC_1}))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "raw", [b"", GOOD[:-1], made(b'{"b":1,"a":1}')], ids=["empty", "cut", "not canonical"]
)
def test_peek_refuses_what_has_not_the_form(raw: bytes) -> None:
    with pytest.raises(IntegrityFailure) as refused:
        peek_document(raw, TYPE)
    assert refused.value.code == "document-invalid"


def test_a_hybrid_document_needs_both_signatures() -> None:
    raw = sign_document(PAYLOAD, typ=TYPE, keys=KNB.signing, suite=Suite.HYBRID_1)
    for index in (0, 1):
        with pytest.raises(IntegrityFailure) as refused:
            verify_document(
                changed(raw, lambda jws, index=index: jws["signatures"].pop(index)),  # type: ignore[misc]
                typ=TYPE,
                keys=KNB.public,
                allowed=BOTH,
            )
        assert refused.value.code == "signature-missing"
