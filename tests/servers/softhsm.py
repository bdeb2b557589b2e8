"""A private SoftHSM: tokens in a temporary folder, which can be taken away and put back."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.servers.packages import install

_PLACES: Final = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
)
_VARIABLE: Final = "SOFTHSM2_CONF"


class SoftHsmMissing(Exception):
    """There is no SoftHSM here and none can be installed."""


@dataclass(frozen=True, kw_only=True)
class SoftHsm:
    """Tokens of one test. The module finds them by its environment, which `environment` holds."""

    module: Path
    folder: Path
    pin: str = field(default_factory=lambda: secrets.token_hex(8))
    officer_pin: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def tokens(self) -> Path:
        """Return the folder that the tokens lie in."""
        return self.folder / "tokens"

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what a process needs to find these tokens."""
        return {_VARIABLE: str(self.folder / "softhsm2.conf")}

    def add_token(self, label: str, *, set_pin: bool = True) -> None:
        """Make a token, with its PIN or with none yet."""
        if set_pin:
            told = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", self.pin]
        else:
            # Only this one makes a token without a PIN; the fresh slot is the last.
            program = ["pkcs11-tool", "--module", str(self.module)]
            last = subprocess.run(
                [*program, "--list-slots"],
                env={**os.environ, **self.environment},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.count("Slot ")
            told = [*program, "--init-token", "--slot-index", str(last - 1), "--label", label]
        self._run(*told)

    def _run(self, *told: str) -> None:
        command = [*told, "--so-pin", self.officer_pin]
        done = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise AssertionError(f"{told[0]} failed: {done.stderr.strip()}")

    def take_away(self) -> None:
        """Make all tokens vanish, as when a cable is pulled."""
        self.tokens.rename(self.folder / "elsewhere")

    def put_back(self) -> None:
        """Bring them back."""
        (self.folder / "elsewhere").rename(self.tokens)


@contextmanager
def soft_hsm(folder: Path, *, like: SoftHsm | None = None) -> Iterator[SoftHsm]:
    """Make a SoftHSM without a token, or a copy of one; this process finds it until the block ends."""
    if like is None:
        made = SoftHsm(module=_module(), folder=folder)
        made.tokens.mkdir(mode=0o700, parents=True)
    else:
        made = replace(like, folder=folder)
        shutil.copytree(like.tokens, made.tokens)
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {made.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
        "slots.removable = false\n",
        encoding="utf-8",
    )
    before = os.environ.get(_VARIABLE)
    os.environ.update(made.environment)
    try:
        yield made
    finally:
        if before is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = before


def _module() -> Path:
    """Return SoftHSM's module; install Debian's package where that is possible."""
    found = _find_module()
    if found is None:
        install("softhsm2", "opensc")
        found = _find_module()
    if found is None:
        raise SoftHsmMissing(
            "The tests with a token need SoftHSM 2 and pkcs11-tool: install Debian's packages `softhsm2` "
            "and `opensc`."
        )
    return found


def _find_module() -> Path | None:
    if shutil.which("softhsm2-util") is None or shutil.which("pkcs11-tool") is None:
        return None
    return next((place for place in _PLACES if place.exists()), None)
