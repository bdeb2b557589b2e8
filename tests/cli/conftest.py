"""Real homes with real keys and databases; only the work of password and key derivations is made light."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from click.testing import Result

from hub.bootstrap import opening
from hub.envelope import personal_keys
from hub.exchange import accounts
from keys.sealing import Derivation
from tests.cli.walk import hub, json_of
from tests.conftest import LIGHT, derived
from tests.exchange.hubs import agreement_text

PASSWORD = "Қар жауған түн 2026"
AGENCIES = ("kz-knb", "cis-atc")


@dataclass(kw_only=True)
class Moving:
    """A clock that moves on with every sign-in, because a code is good for one."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def pass_(self, seconds: float = 30) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(kw_only=True)
class Officers:
    """Officers with their authenticators; `act` signs one in for a command."""

    clock: Moving
    secrets: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, *roles: str, at: tuple[str, ...] = ()) -> None:
        may = (*(w for r in roles for w in ("--role", r)), "--clearance", "secret")
        told = with_lines((PASSWORD,), "officer", "add", name, *may, *at, "--json")
        self.secrets[name] = str(json_of(told)["totp_secret"])

    def act(self, name: str, *words: str, typed: str | None = None, code: str | None = None) -> Result:
        self.clock.pass_()
        code = code or pyotp.TOTP(self.secrets[name]).at(self.clock.at)
        return with_lines((PASSWORD, code), *words, "--as", name, typed=typed)


def with_lines(lines: tuple[str, ...], *words: str, typed: str | None = None) -> Result:
    """Run a command that reads its secrets from a descriptor."""
    read, write = os.pipe()
    try:
        os.write(write, "\n".join(lines).encode())
        os.close(write)
        return hub(*words, "--password-fd", str(read), typed=typed)
    finally:
        os.close(read)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Homes as `hub init` makes them, once for all tests."""
    folder = tmp_path_factory.mktemp("made")
    for port, agency in enumerate(AGENCIES, start=9443):
        result = hub("init", "--home", str(folder / agency), "--agency", agency, "--port", str(port))
        assert result.exit_code == 0, result.stderr
    return folder


def make_own(patch: pytest.MonkeyPatch, folder: Path, clock: Moving) -> None:
    """Make a test's homes its own: the clock moves, deriving and hashing are light."""
    patch.setattr(opening.SystemClock, "now", lambda _self: clock.at)
    patch.setattr(Derivation, "derive", derived)
    patch.setattr(accounts, "_HASHER", LIGHT)
    patch.setattr(personal_keys, "_MEMORY_KIB", 8)
    patch.setattr(personal_keys, "_PASSES", 1)
    patch.setenv("TEST_HOME", str(folder / "kz-knb"))


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Homes at which work can begin: kz-knb has pinned cis-atc, agreed with it, and has two officers."""

    folder: Path
    card: Path
    agreement: Path
    secrets: dict[str, str]


@pytest.fixture(scope="session")
def desk(
    made: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Desk:
    """Prepare a desk once; tests work at copies of it."""
    folder = tmp_path_factory.mktemp("desk") / "homes"
    shutil.copytree(made, folder)
    card, agreement = folder / "cis-atc.card", folder / "treaty.toml"
    agreement.write_text(agreement_text(AGENCIES), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        clock = Moving()
        make_own(patch, folder, clock)
        told = json_of(
            hub("partner", "card", "--out", str(card), "--home", str(folder / "cis-atc"), "--json")
        )
        assert hub("partner", "add", str(card), "--fingerprint", told["fingerprint"]).exit_code == 0
        assert hub("agreement", "adopt", str(agreement)).exit_code == 0
        officers = Officers(clock=clock)
        officers.add("aigul", "drafter", "reader")
        officers.add("bolat", "releaser", "reader")
    return Desk(folder=folder, card=card, agreement=agreement, secrets=officers.secrets)


@pytest.fixture
def clock() -> Moving:
    return Moving()


@pytest.fixture
def homes(
    made: Path,
    tmp_path: Path,
    clock: Moving,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Fresh homes that know nothing; the commands are about kz-knb's unless they say otherwise."""
    folder = tmp_path / "homes"
    shutil.copytree(made, folder)
    make_own(monkeypatch, folder, clock)
    return folder


@pytest.fixture
def paired(
    desk: Desk,
    tmp_path: Path,
    clock: Moving,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Homes at which work can begin."""
    folder = tmp_path / "paired"
    shutil.copytree(desk.folder, folder)
    make_own(monkeypatch, folder, clock)
    return folder


@pytest.fixture
def officers(desk: Desk, paired: Path, clock: Moving) -> Officers:
    """aigul drafts, bolat releases, both read; at the homes of `paired`."""
    return Officers(clock=clock, secrets=dict(desk.secrets))
