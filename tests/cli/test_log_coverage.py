"""`hub log coverage` lists every operation with what it writes, and fails for one that says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.cli import cli
from hub.cli.record import record
from tests.cli.walk import LEAVES, hub, json_of, refused


def test_every_operation_is_listed_with_its_acts() -> None:
    told = json_of(hub("log", "coverage", "--json"))["operations"]
    by_name = {one["operation"]: one for one in told}
    assert {f"hub {' '.join(path)}" for path, _ in LEAVES} <= set(by_name)
    assert by_name["read_content"]["acts"] == ["consulted"]
    assert by_name["read_content"]["promised"] is True
    assert by_name["hub record list"]["acts"] == []
    assert by_name["hub record list"]["nothing_because"]


def test_people_read_a_table() -> None:
    shown = hub("log", "coverage").stdout
    assert "read_content" in shown
    assert "hub record read" in shown


def test_a_command_that_declares_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record.commands["read"], "trail", None)
    assert "hub record read" in refused(hub("log", "coverage"), "coverage-incomplete")


def test_it_needs_no_hub(tmp_path: Path) -> None:
    assert hub("log", "coverage", env={"HUB_HOME": None}).exit_code == 0
    assert cli.commands["log"].help
