"""docs/envelope.md says what the code does: every name, every code, and the worked example."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from hub.envelope import open, peek
from hub.envelope.encoding import unb64u
from hub.envelope.jws import _PROTECTED
from hub.envelope.key_wrapping import _HPKE_INFO, _OTHER_INFO
from hub.envelope.manifest import _APPROVAL, _OPTIONAL, _REQUIRED, _SECRET
from hub.envelope.receipts import _OPTIONAL as _RECEIPT_OPTIONAL
from hub.envelope.receipts import _REQUIRED as _RECEIPT_REQUIRED
from hub.envelope.reconciliation import _EXTENT, _FOUND, _OUTCOME, _PERIOD, _RANGE
from hub.envelope.reconciliation import _OPTIONAL as _BOOKS_OPTIONAL
from hub.envelope.reconciliation import _REQUIRED as _BOOKS_REQUIRED
from hub.envelope.suites import Suite
from hub.envelope.transfers import _MEMBERS as _TRANSFER
from tests.envelope.agencies import agency
from tests.envelope.test_vectors import ACCEPT, ATTACHMENTS, RECEIPTS, REJECT, STATEMENTS

PAGE = (Path(__file__).parents[2] / "docs" / "envelope.md").read_text(encoding="utf-8")
EXAMPLE = ACCEPT[0]


_BOOKS = _BOOKS_REQUIRED | _BOOKS_OPTIONAL | _EXTENT | _FOUND | _OUTCOME | _PERIOD | _RANGE


def blocks() -> list[Any]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def signed_part() -> Any:
    sealed = peek(EXAMPLE["envelope"].encode(), max_bytes=65536)
    return json.loads(open(sealed, agency="cis-atc", keys=agency("cis-atc").decryption).jws)


def test_every_member_is_named() -> None:
    names = (
        _REQUIRED
        | _OPTIONAL
        | _APPROVAL
        | _SECRET
        | _RECEIPT_REQUIRED
        | _RECEIPT_OPTIONAL
        | _PROTECTED
        | _TRANSFER
    )
    assert {name for name in names if f"`{name}`" not in PAGE and f'"{name}"' not in PAGE} == set()


def test_every_code_and_algorithm_is_named() -> None:
    codes = {
        vector["code"]
        for vector in [*REJECT, *RECEIPTS["reject"], *STATEMENTS["reject"], *ATTACHMENTS["reject"]]
    }
    algorithms = {
        name for suite in Suite for name in (suite.value, suite.key_algorithm, *suite.signature_algorithms)
    }
    assert {name for name in codes | algorithms if f"`{name}`" not in PAGE} == set()


def test_the_constants_are_those_of_the_code() -> None:
    digits = PAGE.replace(" ", "")
    assert f"\n{_OTHER_INFO.hex()}\n" in digits
    assert f"\n{_HPKE_INFO.hex()}\n" in digits


def test_the_worked_example_is_the_first_vector() -> None:
    manifest, signature_header, outside = blocks()
    jws = signed_part()
    payload = unb64u(jws["payload"])
    assert json.loads(payload)["manifest"] == manifest
    assert f"{len(payload)} bytes" in PAGE
    assert sha256(payload).hexdigest() in PAGE
    assert json.loads(unb64u(jws["signatures"][0]["protected"])) == signature_header
    jwe = json.loads(EXAMPLE["envelope"])
    header = json.loads(unb64u(jwe["protected"]))
    assert header.pop("bind")
    assert header == outside
    assert jwe["recipients"][0]["header"]["kid"] in PAGE
