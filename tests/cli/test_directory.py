"""Two agencies found a directory at the command line; a third joins, and is adopted by a custodian alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.walk import hub, json_of, refused


def done(*words: str) -> Mapping[str, Any]:
    return json_of(hub(*words, "--json"))


def spoken(words: object) -> str:
    assert isinstance(words, list)
    return " ".join(words)


def found(paired: Path, tmp_path: Path) -> str:
    """Let kz-knb and cis-atc found a directory; return the words of its root."""
    there = ("--home", str(paired / "cis-atc"))
    ask, first, both = (str(tmp_path / name) for name in ("cis.join", "first.change", "both.change"))
    key = str(tmp_path / "root.key")
    done("directory", "join", "--founder", "--root-key", key, "-o", ask, *there)
    done("directory", "init", "cis-directory", "--needed", "2", "--founder", ask, "-o", first)
    ours = spoken(done("partner", "card")["words"])
    done("directory", "approve", "--yes", first, "--confirm", ours, "--root-key", key, "-o", both, *there)
    done("directory", "publish", both)
    return spoken(done("directory", "status")["root_words"])


@pytest.mark.slow
def test_a_directory_is_founded_followed_and_asked(paired: Path, tmp_path: Path) -> None:
    words = found(paired, tmp_path)
    told = done("directory", "status")
    assert (told["name"], told["needed"], told["warnings"]) == ("cis-directory", 2, [])
    assert [one["agency"] for one in told["agencies"]] == ["cis-atc", "kz-knb"]
    assert [one["standing"] for one in told["agencies"]] == ["pinned, active", "we"]
    medium = tmp_path / "medium.zip"
    done("directory", "publish", "-o", str(medium))
    there = ("--home", str(paired / "cis-atc"))
    wrong = hub("directory", "join", "--from", str(medium), "--once", "--confirm", "abandon " * 12, *there)
    assert "nothing was pinned" in refused(wrong, "pin-not-confirmed")
    done("directory", "join", "--from", str(medium), "--once", "--confirm", words, *there)
    refused(
        hub("partner", "add", "--from-directory", "kz-knb", "--confirm", "a b", *there), "pin-not-confirmed"
    )
    entry = next(one for one in told["agencies"] if one["agency"] == "kz-knb")
    added = done("partner", "add", "--from-directory", "kz-knb", "--confirm", spoken(entry["words"]), *there)
    assert added["agency"] == "kz-knb"
    shown = hub("directory", "status", *there)
    assert "pinned, active" in shown.stdout
    assert "Our card, as the directory shows it" in shown.stdout
    assert "All is well." in hub("directory", "refresh", *there).stdout


@pytest.mark.slow
def test_what_is_approved_is_shown_before_it_is_signed(paired: Path, tmp_path: Path) -> None:
    found(paired, tmp_path)
    change, signed = str(tmp_path / "x.change"), str(tmp_path / "y.change")
    done("directory", "propose", "--suspend", "cis-atc", "-o", change)
    said = hub("directory", "approve", change, "-o", signed, typed="n\n")
    assert "cis-atc is suspended." in said.stderr
    refused(said, "pin-not-confirmed")
    assert not Path(signed).exists()
    refused(hub("directory", "publish", change), "directory-approval-missing")
    refused(hub("directory", "propose", "--suspend", "cis-atc", "-o", change), "file-exists")


def test_a_hub_without_a_directory_says_how_to_begin(homes: Path, tmp_path: Path) -> None:
    shown = hub("directory", "status")
    assert "follows no directory" in shown.stdout
    assert "hub directory join" in shown.stdout
    assert done("directory", "status")["agencies"] == []
    refused(hub("directory", "refresh"), "directory-unknown")
    refused(hub("directory", "publish"), "directory-unknown")
    refused(hub("directory", "publish", "-o", str(tmp_path / "copy")), "directory-unknown")
    refused(hub("directory", "join"), "command-invalid")
    refused(hub("partner", "add", "--from-directory", "cis-atc"), "directory-unknown")
    refused(hub("partner", "add"), "command-invalid")
    refused(hub("directory", "publish", "--give", "x"), "command-invalid")


@pytest.mark.slow
def test_a_hint_for_another_hub_names_no_home_of_ours(homes: Path, tmp_path: Path) -> None:
    asked, founding = str(tmp_path / "a.join"), str(tmp_path / "b.join")
    there = ("--home", str(homes / "cis-atc"))
    shown = hub("directory", "join", "-o", asked, *there).stdout
    assert f"hub directory propose --add {asked} -o CHANGE      (at a founder)" in shown
    shown = hub("directory", "join", "--founder", "-o", founding, *there).stdout
    assert f"hub directory init NAME --needed N --founder {founding} -o CHANGE      (at" in shown
    assert f"hub directory propose --founder {founding} -o CHANGE      (at" in shown
    assert "--add" not in shown
