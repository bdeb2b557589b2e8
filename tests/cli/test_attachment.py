"""Files that go with records, at the command line: attached, listed, saved, and gone on with."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap.opening import open_hub
from hub.exchange import attachments
from hub.records.actor import Actor, ActorKind, Role
from tests.cli.arriving import came
from tests.cli.conftest import Officers
from tests.cli.test_record import drafted, file, release
from tests.cli.walk import json_of, refused

#: Many hubs and stores: not for the quick gate.
pytestmark = pytest.mark.slow

__all__ = ["drafted", "file"]

CONTENT = b"a photograph of nobody " * 9000
WHY = ("--why", "case 2025/114")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(CONTENT)
    return path


def test_attached_file_is_named_by_the_draft_and_goes_out_with_it(
    drafted: dict[str, Any], officers: Officers, photo: Path
) -> None:
    record_id = drafted["record_id"]
    told = json_of(officers.act("aigul", "attachment", "add", record_id, str(photo), "--json"))
    assert told["attachment"] == {
        "digest": hashlib.sha256(CONTENT).hexdigest(),
        "name": "photo.jpg",
        "media_type": "image/jpeg",
        "size_bytes": len(CONTENT),
    }
    photo.write_bytes(b"another")
    second = ("attachment", "add", record_id, str(photo), "--name", "again.bin")
    assert officers.act("aigul", *second).exit_code == 0
    listed = json_of(officers.act("bolat", "attachment", "list", record_id, *WHY, "--json"))
    assert [one["name"] for one in listed["attachments"]] == ["photo.jpg", "again.bin"]
    row = json_of(officers.act("aigul", "record", "revise", record_id, "--json"))
    assert json_of(release(officers, row))["state"] == "released"


def test_file_that_cannot_be_read_is_told(
    drafted: dict[str, Any], officers: Officers, tmp_path: Path
) -> None:
    words = ("attachment", "add", drafted["record_id"], str(tmp_path / "none.jpg"))
    refused(officers.act("aigul", *words), "not-found")


def test_only_drafts_take_files(drafted: dict[str, Any], officers: Officers, photo: Path) -> None:
    assert release(officers, drafted).exit_code == 0
    refused(
        officers.act("aigul", "attachment", "add", drafted["record_id"], str(photo)), "transition-invalid"
    )


def test_upload_that_broke_off_is_gone_on_with(
    drafted: dict[str, Any], officers: Officers, photo: Path, paired: Path
) -> None:
    aigul = Actor(kind=ActorKind.OFFICER, id="aigul", agency="kz-knb", roles=frozenset({Role.DRAFTER}))
    with open_hub(paired / "kz-knb") as opened:
        upload_id = attachments.announce(opened.broker, aigul, size_bytes=len(CONTENT))
        chunk = attachments.progress(opened.broker, aigul, upload_id).chunk_bytes
        attachments.upload(opened.broker, aigul, upload_id, 0, [CONTENT[:chunk]])
    words = ("attachment", "add", drafted["record_id"], str(photo), "--resume", upload_id, "--json")
    told = json_of(officers.act("aigul", *words))
    assert told["attachment"]["digest"] == hashlib.sha256(CONTENT).hexdigest()
    photo.write_bytes(CONTENT + b"more")
    refused(officers.act("aigul", *words[:-1]), "conflict")


def test_what_came_is_saved_whole_and_privately(paired: Path, officers: Officers, tmp_path: Path) -> None:
    row = came(paired, content=CONTENT)
    listed = json_of(officers.act("aigul", "attachment", "list", row.record_id, *WHY, "--json"))
    digest = listed["attachments"][0]["digest"]
    out = tmp_path / "saved.jpg"
    words = ("attachment", "save", row.record_id, digest[:8], "--out", str(out), *WHY)
    result = officers.act("aigul", *words)
    assert result.exit_code == 0, result.stderr
    assert out.read_bytes() == CONTENT
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    refused(officers.act("aigul", *words), "file-exists")


def test_saving_goes_on_from_the_part_and_refuses_the_part_of_another(
    paired: Path, officers: Officers, tmp_path: Path
) -> None:
    row = came(paired, content=CONTENT)
    digest = hashlib.sha256(CONTENT).hexdigest()
    out, part = tmp_path / "saved.jpg", tmp_path / "saved.jpg.part"
    words = ("attachment", "save", row.record_id, digest, "--out", str(out), *WHY)
    part.write_bytes(b"x" * 100_000)
    refused(officers.act("aigul", *words), "attachment-mismatch")
    assert not out.exists()
    part.write_bytes(CONTENT[:100_000])
    assert officers.act("aigul", *words).exit_code == 0
    assert out.read_bytes() == CONTENT
    assert not part.exists()


@pytest.mark.parametrize("digest", ["9f86d081", "9f8"])
def test_unknown_digest_is_told(paired: Path, officers: Officers, tmp_path: Path, digest: str) -> None:
    row = came(paired, content=CONTENT)
    out = tmp_path / "saved.jpg"
    told = officers.act("aigul", "attachment", "save", row.record_id, digest, "--out", str(out), *WHY)
    assert "attachment list" in refused(told, "not-found")
    assert not out.exists()


def test_reading_is_logged_with_its_reason(paired: Path, officers: Officers, tmp_path: Path) -> None:
    row = came(paired, content=CONTENT)
    digest = hashlib.sha256(CONTENT).hexdigest()
    words = ("attachment", "save", row.record_id, digest, "--out", str(tmp_path / "x"))
    refused(officers.act("aigul", *words, "--why", ""), "justification-missing")
    assert json.loads(officers.act("aigul", *words, *WHY, "--json").stdout)["file"] == str(tmp_path / "x")
    with open_hub(paired / "kz-knb") as opened, opened.store.read() as view:
        reasons = [event.justification for _, event in view.events(after=0, limit=1000)]
    assert "case 2025/114" in reasons
