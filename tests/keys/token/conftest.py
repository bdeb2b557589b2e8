"""A SoftHSM with one token for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keys.secret import Secret
from keys.token.session import Token, TokenAddress
from tests.servers.softhsm import SoftHsm, soft_hsm

LABEL = "hub kz-knb"


@pytest.fixture
def hsm(tmp_path: Path) -> Iterator[SoftHsm]:
    """A SoftHSM that holds one token."""
    with soft_hsm(tmp_path / "hsm") as made:
        made.add_token(LABEL)
        yield made


class Seconds:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def token(hsm: SoftHsm, seconds: Seconds) -> Token:
    """The token, with its PIN."""
    return token_of(hsm, seconds)


def token_of(hsm: SoftHsm, seconds: Seconds, *, label: str = LABEL, pin: str | None = None) -> Token:
    address = TokenAddress(module=hsm.module, label=label)
    return Token(address, lambda: Secret((pin or hsm.pin).encode()), seconds=seconds)
