"""`make fuzz` itself: it tries what it should, repeats itself by its seed, and keeps what breaks a reader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hostile import fuzz
from tests.hostile.readers import Reader, readers

pytestmark = pytest.mark.slow


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


def run(tmp_path: Path, **told: str) -> int:
    return fuzz.main({"FUZZ_FOLDER": str(tmp_path), **told}, fuzz.Watch())


def test_for_two_seconds_nothing_breaks(tmp_path: Path, said: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, FUZZ_S="2", FUZZ_SEED="20261122") == 0
    assert "FUZZ_SEED=20261122" in said.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_what_breaks_a_reader_is_kept_and_named(
    tmp_path: Path, said: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(raw: bytes) -> None:
        if b"kit" in raw:
            raise KeyError("kit")

    broken = Reader(name="broken", read=fail, honest=[b'{"a":1,"b":[2,3]}'])
    monkeypatch.setattr(fuzz, "readers", lambda: {"broken": broken})
    told = []
    for _ in range(2):
        assert run(tmp_path, FUZZ_S="60", FUZZ_SEED="1") == 1
        told.append(said.readouterr().out)
    assert told[0] == told[1]
    assert "KeyError" in told[0]
    (kept,) = tmp_path.iterdir()
    assert b"kit" in kept.read_bytes()
    assert re.search(f"FUZZ_ONLY='broken' FUZZ_FILE={kept} make fuzz", told[0])


def test_a_reader_that_acts_is_broken() -> None:
    watch = fuzz.Watch()
    watch("socket.connect", ())
    with watch.on(), pytest.raises(AssertionError, match=r"socket\.connect"):
        watch("socket.connect", ())


def test_every_reader_can_be_chosen_by_its_name() -> None:
    for name in readers():
        assert list(fuzz.chosen(name)) == [name]
    assert len(fuzz.chosen("mail; CMS, encrypted for us")) == 2


def test_a_reader_that_is_not_there_is_told() -> None:
    with pytest.raises(SystemExit, match="There is no reader nobody"):
        fuzz.chosen("nobody")
