"""What the README tells a new user to type is typed here."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str) -> list[str]:
    return re.findall(r"<!-- executed by [\w/.]+ -->\n```sh\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks(README))
def test_the_commands_of_the_readme_work(tmp_path: Path, block: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "kz-knb.card").stat().st_size > 0


def test_there_is_something_to_execute() -> None:
    assert len(blocks(README)) == 1


def test_the_readme_opens_with_the_records_way() -> None:
    assert README.startswith(
        "# Hub\n\n```\nout   draft → approve → permit → translate → sign → seal → queue │"
    )


@pytest.mark.parametrize("page", ["README.md", *sorted(p.name for p in (ROOT / "docs").glob("*.md"))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page if page == "README.md" else ROOT / "docs" / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{page} links to {target}"


def test_the_makefile_has_what_the_readme_promises() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test", "check", "serve", "bench"):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
        assert f"make {target}" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_every_function_of_the_records_way_is_where_the_architecture_says() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text[text.index("| step |") : text.index("The states and the only steps")]
    found = re.findall(r"`(hub\.[\w.]+)`(?:, `\.(\w+)`)?(?:, `\.(\w+)`)?", table)
    assert len(found) >= 15
    for name, *further in found:
        module, _, function = name.rpartition(".")
        for wanted in [function, *filter(None, further)]:
            assert callable(getattr(importlib.import_module(module), wanted)), f"{module}.{wanted}"
