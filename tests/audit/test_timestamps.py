from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from hub.audit.timestamps import TIMESTAMP_MAX_BYTES, stated_time, verify_timestamp
from hub.errors import IntegrityFailure
from tests.servers.tsa import Tsa, make_tsa

MESSAGE = b"kz-knb/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return make_tsa(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture(scope="module")
def token(tsa: Tsa) -> bytes:
    return tsa.token(MESSAGE)


def _refused(token: bytes, message: bytes, *roots: x509.Certificate) -> None:
    with pytest.raises(IntegrityFailure) as failed:
        verify_timestamp(token, message, roots)
    assert failed.value.code == "timestamp-invalid"


def test_a_time_stamp_says_when_and_who(tsa: Tsa, token: bytes) -> None:
    found = verify_timestamp(token, MESSAGE, [tsa.root])
    assert abs(found.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert found.at.tzinfo is UTC
    assert found.tsa_subject == "CN=Test Time Authority"
    assert stated_time(token) == found.at


def test_openssl_agrees(tsa: Tsa, token: bytes) -> None:
    assert tsa.agrees(token, MESSAGE)
    assert not tsa.agrees(token, MESSAGE + b"\n")


def test_a_time_stamp_over_other_bytes_is_refused(tsa: Tsa, token: bytes) -> None:
    _refused(token, MESSAGE + b"\n", tsa.root)
    _refused(token, b"", tsa.root)


def test_an_authority_under_another_root_is_refused(tsa: Tsa, token: bytes, tmp_path: Path) -> None:
    same_name = make_tsa(tmp_path / "other")
    _refused(token, MESSAGE, same_name.root)
    assert verify_timestamp(token, MESSAGE, [same_name.root, tsa.root])


def test_no_root_proves_nothing(token: bytes) -> None:
    _refused(token, MESSAGE)


def test_a_certificate_that_was_not_valid_at_that_time_is_refused(tmp_path: Path) -> None:
    early = make_tsa(tmp_path / "early", at=datetime.now(UTC) + timedelta(days=30))
    _refused(early.token(MESSAGE), MESSAGE, early.root)


def test_what_is_no_token_is_refused(tsa: Tsa, token: bytes) -> None:
    for junk in (b"", b"0", b"\x30\x80", token[:-1], token + b"\0", b"\x30" * TIMESTAMP_MAX_BYTES):
        _refused(junk, MESSAGE, tsa.root)
    _refused(bytes(TIMESTAMP_MAX_BYTES + 1), MESSAGE, tsa.root)


@pytest.mark.slow
def test_no_changed_byte_is_taken_for_another_time(tsa: Tsa, token: bytes) -> None:
    honest = verify_timestamp(token, MESSAGE, [tsa.root])
    for index in range(len(token)):
        changed = token[:index] + bytes([token[index] ^ 0x01]) + token[index + 1 :]
        try:
            found = verify_timestamp(changed, MESSAGE, [tsa.root])
        except IntegrityFailure:
            continue
        # What neither the signature nor the chain covers may change; what is said may not.
        assert found == honest
