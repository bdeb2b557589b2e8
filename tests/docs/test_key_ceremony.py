"""What docs/key-ceremony.md tells custodians to type is typed here, in its order, in one folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.bootstrap.ceremony import CEREMONY_TYPE, FORMAT
from hub.envelope.documents import verify_document
from hub.envelope.suites import Suite
from hub.federation.card import fingerprint, read_card

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "key-ceremony.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"<!-- executed by tests/docs/test_key_ceremony.py -->\n```sh\n(.*?)```", PAGE, flags=re.DOTALL
)


@pytest.mark.slow
def test_the_ceremony_on_the_page_takes_place(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    for block in BLOCKS:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, block + done.stdout + done.stderr
    assert "twelve words" in (tmp_path / "script.txt").read_text()
    folder = tmp_path / "ceremony"
    named = set(re.findall(r"^\| `([\w.-]+)` \|", PAGE, flags=re.MULTILINE)) - {"share-N-of-M.txt"}
    assert {path.name for path in folder.iterdir()} == named | {f"share-{n}-of-3.txt" for n in (1, 2, 3)}
    protocol = json.loads((folder / "protocol.json").read_text())
    subprocess.run(
        ["hub", "partner", "card", "--home", "hub", "--out", "our.card"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
    )
    raw = (tmp_path / "our.card").read_bytes()
    card = read_card(raw)
    signed = (folder / "protocol.jws").read_bytes()
    allowed = frozenset({Suite.HYBRID_1})
    assert verify_document(signed, typ=CEREMONY_TYPE, keys=card.public, allowed=allowed) == protocol
    assert protocol["format"] == FORMAT
    assert [key.vkey for key in card.log_keys] == protocol["log"]
    assert len(fingerprint(raw)) == len(protocol["card"]["fingerprint"])


def test_there_are_blocks_to_execute() -> None:
    assert len(BLOCKS) == 5


def test_the_steps_on_the_page_are_those_of_a_ceremony() -> None:
    source = (ROOT / "hub" / "bootstrap" / "ceremony.py").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\w+) \| .* \| .*\|$", PAGE, flags=re.MULTILINE)
    noted = set(re.findall(r'minutes\.note\(\s*"(\w+)"', source)) - {"clock"}
    assert noted <= set(told)
