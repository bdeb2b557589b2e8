"""Homes whose console may admit members alone, as only machines for trying things out should."""

from __future__ import annotations

from pathlib import Path


def allow_alone(home: Path) -> Path:
    """Let the console of a home issue members' certificates without a second custodian."""
    told = home / "hub.toml"
    text = told.read_text(encoding="utf-8")
    told.write_text("unsafe_member_enrolment_alone = true\n" + text, encoding="utf-8")
    return home
