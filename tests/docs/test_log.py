"""What docs/log.md shows of the log's formats is run here, on a log that is whole and on one that is not."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.audit.checkpoints import Checkpoint, cosign, sign_checkpoint
from hub.audit.leaves import disclose, leaf_entry
from hub.audit.notes import read_note
from hub.audit.tiles import EntryTile, root_of
from hub.codes import CODES
from hub.records.ids import new_id
from tests.audit.filing import Filed
from tests.audit.signing import NOW, log_signers, signed, witness_signers
from tests.audit.test_leaves import EVENT

PAGE = (Path(__file__).parents[2] / "docs" / "log.md").read_text(encoding="utf-8")
LOG, WITNESS = log_signers(), witness_signers("cis-atc/witness")


def block(name: str) -> str:
    (found,) = re.findall(rf"```\w+\n(# docs: {name}\b.*?)```", PAGE, flags=re.DOTALL)
    assert isinstance(found, str)
    return found


def run(name: str, **given: Any) -> dict[str, Any]:
    exec(compile(block(name), f"docs/log.md: {name}", "exec"), given)
    return given


def cosigned(size: int, root: bytes) -> bytes:
    note = read_note(sign_checkpoint(Checkpoint(origin="kz-knb/log", size=size, root=root), LOG, NOW))
    return note.with_signatures(cosign(note, WITNESS, NOW)).as_bytes()


@pytest.mark.parametrize("key", [LOG[0].key, WITNESS[0].key], ids=["log", "witness"])
@pytest.mark.parametrize("sound", [True, False], ids=["sound", "altered"])
def test_shell_commands_verify_a_signature(tmp_path: Path, key: Any, sound: bool) -> None:
    assert shutil.which("openssl") is not None, "the guide's commands need openssl"
    raw = cosigned(5, bytes(32))
    (tmp_path / "checkpoint").write_bytes(raw if sound else raw.replace(b"\n5\n", b"\n6\n"))
    (tmp_path / "key").write_text(key.vkey + "\n", encoding="utf-8")
    done = subprocess.run(
        ["sh", "-eu", "-c", block("signature")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ("Verified Successfully" in done.stdout) is sound, done.stderr
    assert (done.returncode == 0) is sound


@pytest.mark.parametrize("size", [0, 1, 255, 256, 700])
def test_python_computes_the_root_from_the_bundles(tmp_path: Path, size: int) -> None:
    filed = Filed()
    filed.grow([leaf_entry(replace(EVENT, event_id=new_id())) for _ in range(size)])
    for path, data in filed.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    (tmp_path / "checkpoint").write_bytes(cosigned(size, root_of(size, filed.read)))
    assert run("root", log=tmp_path)["whole"] is True
    (tmp_path / "checkpoint").write_bytes(cosigned(size, bytes(32)))
    assert run("root", log=tmp_path)["whole"] is False


def test_python_names_bundles_as_they_are_filed(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(signed(0))
    name = run("root", log=tmp_path)["name"]
    for index in (0, 999, 1000, 1234067):
        assert f"tile/entries/{name(index)}" == EntryTile(index).path


def test_python_proves_a_disclosed_field() -> None:
    leaf = leaf_entry(EVENT)
    assert len(leaf) == 398
    for shown in disclose(EVENT):
        given = {"leaf": leaf, "field": shown.field, "salt": shown.salt}
        assert run("disclosure", **given, value=shown.value)["proven"] is True
        assert run("disclosure", **given, value="another")["proven"] is False


def test_codes_on_the_page_exist() -> None:
    named = set(re.findall(r"`((?:log|note|checkpoint|cosignature)-[a-z-]+)`", PAGE))
    assert len(named) > 9
    assert named <= set(CODES)


def test_example_of_a_checkpoint_is_one() -> None:
    assert read_note(signed()).text in PAGE
