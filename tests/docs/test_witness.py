"""What docs/witness.md says of settings, codes and metrics is so."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from hub.codes import CODES
from hub.config import load_config
from hub.limits import Limits

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "witness.md").read_text(encoding="utf-8")


def test_the_settings_on_the_page_are_taken(tmp_path: Path) -> None:
    (told,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "hub.toml").write_text(f'agency = "kz-knb"\n{told}')
    config = load_config(tmp_path)
    assert (len(config.witnesses), config.witness_quorum) == (3, 2)
    assert config.tsa_roots_file == tmp_path / "tsa-roots.pem"


def test_the_limits_on_the_page_have_their_defaults() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| .* \| (\d+) \|$", PAGE, flags=re.MULTILINE))
    limits = {field.name: field.default for field in fields(Limits)}
    assert len(shown) == 5
    assert {name: float(value) for name, value in shown.items()} == {
        name: float(str(limits[name])) for name in shown
    }


def test_the_codes_on_the_page_exist_with_their_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", PAGE, flags=re.MULTILINE)
    assert len(rows) == 4
    assert all(CODES[code].status == int(status) for status, code in rows)
    pattern = r"`((?:quorum|log|cosignature|witness|partner|checkpoint)-[a-z]+(?:-[a-z]+)*)`"
    named = set(re.findall(pattern, PAGE))
    assert named <= set(CODES)
    assert len(named) >= 8


def test_the_metrics_on_the_page_exist() -> None:
    code = (ROOT / "hub" / "api" / "witness_metrics.py").read_text()
    named = re.findall(r"`(hub_[a-z_]+)`", PAGE)
    assert named
    assert all(f'"{name}"' in code for name in named)
