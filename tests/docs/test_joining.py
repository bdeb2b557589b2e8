"""What docs/joining-a-federation.md says to type is typed, at four hubs: one serves, one is never called."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from demo.ports import free_ports
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import open_hub
from hub.codes import CODES
from hub.exchange.partners import pair
from hub.federation.card import fingerprint, words
from hub.limits import Limits
from tests.exchange.hubs import CUSTODIAN
from tests.wire.commands import answered, typed
from tests.wire.served import start, wait_ready

PAGE = (Path(__file__).parents[2] / "docs" / "joining-a-federation.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- executed at ([a-z-]+) -->\n```sh\n(.*?)```", PAGE, flags=re.DOTALL)
FOUNDERS = ("kz-knb", "kg-gknb", "tj-gknb")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Four homes; the founders have pinned one another, and kz-knb is served."""
    agencies = (*FOUNDERS, "uz-sgb")
    for agency, port in zip(agencies, free_ports(4), strict=True):
        init_hub(tmp_path / agency, agency=agency, port=port, pull=agency == "uz-sgb")
    for ours in FOUNDERS:
        for theirs in FOUNDERS:
            if ours != theirs:
                with open_hub(tmp_path / ours) as us, open_hub(tmp_path / theirs) as them:
                    card = them.kept_card()
                    pair(us.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
    process = start(tmp_path / "kz-knb")
    try:
        with open_hub(tmp_path / "kz-knb") as opened:
            wait_ready(opened)
        monkeypatch.chdir(tmp_path)
        yield tmp_path
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_commands_of_the_page_work(folder: Path) -> None:
    assert len(BLOCKS) > 20
    for agency, block in BLOCKS:
        for line in block.splitlines():
            told_words = [one if not one.startswith("$") else said(folder, one) for one in shlex.split(line)]
            assert told_words[0] == "hub", line
            result = typed(folder / agency, *told_words[1:])
            assert result.exit_code == 0, f"{agency}: {line}\n{result.output}"
    told = status(folder, "tj-gknb")
    (uz,) = (one for one in told["agencies"] if one["agency"] == "uz-sgb")
    assert uz["standing"] == "pinned, active"
    assert uz["suspended"] is True
    assert uz["version"] == 2
    assert told["warnings"] == ["directory-suspended"]
    assert told["source"] == "kz-knb"


def said(folder: Path, name: str) -> str:
    """Return the words that somebody reads out."""
    if name == "$ROOT_WORDS":
        return " ".join(status(folder, "kz-knb")["root_words"])
    assert name == "$UZ_WORDS"
    with open_hub(folder / "uz-sgb") as opened:
        return " ".join(words(fingerprint(opened.kept_card())))


def status(folder: Path, agency: str) -> dict[str, Any]:
    return answered(folder / agency, "directory", "status")


def test_the_codes_on_the_page_are_those_there_are() -> None:
    named = set(re.findall(r"`(directory-[a-z-]+)`", PAGE))
    assert named == {code for code in CODES if code.startswith("directory-")}


def test_the_limits_on_the_page_have_their_defaults() -> None:
    shown = dict(re.findall(r"^\| `(directory_\w+)` \| .* \| (\d+) \|$", PAGE, flags=re.MULTILINE))
    limits = {one.name: one.default for one in fields(Limits) if one.name.startswith("directory_")}
    assert {name: float(value) for name, value in shown.items()} == {
        name: float(str(value)) for name, value in limits.items()
    }
