"""What passes through memory on its way to a key is overwritten there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.errors import OurFault
from keys import sealing
from keys.file_keys import FileKeys
from keys.purposes import Purpose
from keys.sealing import Cost, Derivation, Sealer
from keys.secret import passing

SEALER = Sealer(agency="kz-knb", key=os.urandom(32))


def test_a_derived_key_lies_where_it_can_be_overwritten() -> None:
    derivation = Derivation.fresh(Cost(memory_kib=8, passes=1))
    derived = derivation.derive(bytearray(b"a secret that is long enough"))
    assert isinstance(derived, bytearray)
    assert derived == derivation.derive(b"a secret that is long enough")


def test_what_was_opened_is_overwritten() -> None:
    secret = os.urandom(48)
    with SEALER.opened("master", "a", SEALER.seal("master", "a", secret)) as opened:
        assert opened == secret
    assert opened == bytes(48)


def test_what_was_opened_is_overwritten_when_it_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(ValueError, match="no key"),
        SEALER.opened("p", "a", SEALER.seal("p", "a", b"x")) as held,
    ):
        raise ValueError("no key")
    assert held == b"\0"


def test_the_key_of_one_purpose_is_overwritten() -> None:
    with SEALER.subkey("master") as key:
        before = bytes(key)
    assert any(before)
    assert key == bytes(32)


@pytest.mark.parametrize("purpose", [Purpose.TOKEN_ES256, Purpose.MASTER])
def test_nothing_of_a_key_that_was_loaded_is_left_but_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purpose: Purpose
) -> None:
    store = FileKeys(directory=tmp_path, sealer=SEALER)
    entry = store.make(purpose, at=datetime.now(UTC))
    passed: list[bytearray] = []

    @contextmanager
    def watched(size: int) -> Iterator[bytearray]:
        with passing(size) as held:
            passed.append(held)
            yield held

    real = Sealer.open

    def opening(sealer: Sealer, purpose: str, name: str, sealed: bytes) -> bytearray:
        passed.append(real(sealer, purpose, name, sealed))
        return passed[-1]

    monkeypatch.setattr(sealing, "passing", watched)
    monkeypatch.setattr(Sealer, "open", opening)
    assert store.load(entry)
    assert len(passed) == 2
    assert not any(any(held) for held in passed)


@pytest.mark.parametrize("sealed", [b"", b"x" * 12, b"x" * 20, b"x" * 100])
def test_what_was_not_sealed_here_does_not_open(sealed: bytes) -> None:
    with pytest.raises(OurFault) as raised:
        SEALER.open("master", "a", sealed)
    assert raised.value.code == "key-store-invalid"
