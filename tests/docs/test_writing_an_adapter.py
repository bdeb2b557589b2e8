"""What docs/writing-an-adapter.md tells an engineer to do is done here, step by step."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.kit.checking import steps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "writing-an-adapter.md").read_text(encoding="utf-8")
STEPS = re.findall(r"```(\w+)\n# step: ([^\n]*)\n(.*?)```", PAGE, flags=re.DOTALL)


def run(text: str, folder: Path) -> str:
    """Run shell commands of the page with this project's `hub`."""
    tool = folder / "bin"
    tool.mkdir(exist_ok=True)
    (tool / "hub").write_text(f'#!/bin/sh\nexec {sys.executable} -m hub.cli "$@"\n', encoding="utf-8")
    (tool / "hub").chmod(0o755)
    home = folder / "tj-gknb"
    done = subprocess.run(
        ["bash", "-eu", "-c", text],
        cwd=home if home.exists() else folder,
        env=os.environ
        | {"PATH": f"{tool}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": f"{home}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lost(told: str) -> int:
    (count,) = re.findall(r"(\d+) sorts of fields reported lost", told)
    return int(count)


@pytest.mark.slow
def test_the_page_leads_to_an_adapter_that_passes(tmp_path: Path) -> None:
    assert [language for language, _, _ in STEPS] == ["sh", "python", "sh", "python", "sh"]
    dialect = tmp_path / "tj-gknb" / "tj_gknb" / "dialect.py"
    told = []
    for language, title, text in STEPS:
        if language == "sh":
            told.append(run(text, tmp_path))
        else:
            after = title.split("after: ", 1)[1]
            before = dialect.read_text(encoding="utf-8")
            assert before.count(after) == 1
            dialect.write_text(before.replace(f"{after}\n", f"{after}\n{text}"), encoding="utf-8")
    assert lost(told[0]) - lost(told[1]) == 2
    assert "label.tlp was not reported lost" in told[2]


def test_the_page_names_every_check() -> None:
    named = set(re.findall(r"^\| ([a-z ]+) \|", PAGE.split("## 4.")[1].split("## 5.")[0], flags=re.MULTILINE))
    assert named == steps(examples=10).keys() | {"check"}
