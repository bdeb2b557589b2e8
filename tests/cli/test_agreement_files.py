"""Agreement files are checked without a hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.codes import CODES
from tests.cli.walk import hub

FILES = sorted((Path(__file__).parents[2] / "demo" / "agreements").glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_agreements_of_the_demo_are_valid_and_shown(file: Path) -> None:
    result = hub("agreement", "check", str(file))
    assert result.exit_code == 0
    assert "is a valid agreement" in result.stdout
    assert "→" in result.stdout
    told = json.loads(hub("agreement", "check", str(file), "--json").stdout)
    assert told["agreement"]["id"] in result.stdout
    assert told["agreement"]["flows"]
    for article in told["agreement"]["articles"]:
        assert f"article {article['number']}" in result.stdout
        assert article["about"][:40] in result.stdout
    for name in ("TLP", "handling codes", "reply within", "kept for", "caveats"):
        assert name in result.stdout


def test_wrong_agreement_is_told_key_and_reason() -> None:
    text = FILES[0].read_text(encoding="utf-8").replace("highest", "hihgest", 1)
    result = hub("agreement", "check", "-", typed=text)
    assert result.exit_code == CODES["agreement-invalid"].exit
    assert "flows[0].hihgest" in result.stderr
    assert "[agreement-invalid]" in result.stderr
