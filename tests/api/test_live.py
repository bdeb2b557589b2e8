"""What docs/api.md tells an outsider to type is typed here, against a live hub."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.live import Live, live_hub

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
BLOCKS = re.findall(
    r"<!-- executed by tests/api/test_live.py -->\n```sh\n(.*?)```",
    PAGE.read_text(encoding="utf-8"),
    re.DOTALL,
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub in a process of its own."""
    with live_hub(tmp_path_factory.mktemp("live")) as made:
        yield made


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl, which is not here")
def test_the_page_can_be_typed_as_it_stands(live: Live, tmp_path: Path) -> None:
    shutil.copy(live.member_pem, tmp_path / "member.pem")
    shutil.copy(live.authority, tmp_path / "authority.pem")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(BLOCKS)],
        cwd=tmp_path,
        env=os.environ | {"HUB": live.url},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [submitted] = json.loads((tmp_path / "submitted.json").read_text())["items"]
    assert submitted["state"] == "released"
    assert json.loads((tmp_path / "progress.json").read_text())["offset"] > 0
    assert re.search(r"^[0-9a-f]{64}$", done.stdout, re.MULTILINE)


def test_there_is_something_to_type() -> None:
    assert len(BLOCKS) == 5
