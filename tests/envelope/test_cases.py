"""Every refusal has its code, before and after the vectors are written."""

from __future__ import annotations

import pytest

from hub.codes import CODES
from hub.errors import HubError
from tests.envelope import cases
from tests.envelope.cases import Case, read

GROUPS = [
    cases.malformed_outside,
    cases.malformed_inside,
    cases.unopened,
    cases.unsigned,
    cases.unbound,
    cases.untimely,
]
#: The envelope's codes, without those that need a store or are of other signed things.
CODES_HERE = {
    "envelope-malformed",
    "envelope-too-large",
    "suite-unknown",
    "suite-not-allowed",
    "not-addressed-to-us",
    "key-unknown",
    "decryption-failed",
    "signature-invalid",
    "signature-missing",
    "binding-mismatch",
    "recipient-mismatch",
    "originator-mismatch",
    "clock-skew",
    "envelope-expired",
}
ALL = [case for group in GROUPS for case in group()]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_envelope_is_refused_with_the_code_that_says_why(case: Case) -> None:
    with pytest.raises(HubError) as refused:
        read(
            case.raw,
            reader=case.reader,
            sender=case.sender,
            allowed=case.allowed,
            at=case.at,
            max_bytes=case.max_bytes,
        )
    assert refused.value.code == case.code, refused.value.sentence
    assert "Просим" not in refused.value.sentence


def test_every_code_of_an_envelope_has_a_case() -> None:
    assert {case.code for case in ALL} == CODES_HERE
    assert CODES.keys() >= CODES_HERE
