from __future__ import annotations

import os
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.records.ids import new_id
from hub.storage.blobs import FileBlobStore

_NAME = "ab" * 32


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path / "attachments")


def test_a_blob_grows_and_is_read_from_any_offset(blobs: FileBlobStore) -> None:
    assert blobs.size(_NAME) == 0
    assert blobs.append(_NAME, 0, [b"one ", b"", b"two"]) == 7
    assert blobs.append(_NAME, 7, iter([b" three"])) == 13
    assert blobs.size(_NAME) == 13
    assert b"".join(blobs.parts(_NAME)) == b"one two three"
    assert b"".join(blobs.parts(_NAME, 4)) == b"two three"
    assert list(blobs.parts(_NAME, 13)) == []
    with blobs.open(_NAME, 8) as file:
        assert file.read() == b"three"


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_appending_elsewhere_than_at_the_end_is_refused_with_the_right_offset(
    blobs: FileBlobStore, offset: int
) -> None:
    blobs.append(_NAME, 0, [b"abc"])
    with pytest.raises(HubError) as refused:
        blobs.append(_NAME, offset, [b"x"])
    assert refused.value.code == "offset-mismatch"
    assert refused.value.details == {"offset": 3}
    assert b"".join(blobs.parts(_NAME)) == b"abc"


def test_what_was_written_before_the_sender_broke_off_stays(blobs: FileBlobStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"abc"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        blobs.append(_NAME, 0, broken())
    assert blobs.append(_NAME, 3, [b"def"]) == 6


def test_a_blob_is_synced_and_so_is_its_name(blobs: FileBlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def fsync(file: int) -> None:
        synced.append(os.path.isdir(f"/proc/self/fd/{file}"))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    other = new_id()
    steps: list[tuple[Callable[[], object], list[bool]]] = [
        (lambda: blobs.append(other, 0, [b"abc"]), [False, True]),
        (lambda: blobs.append(other, 3, [b"def"]), [False]),
        (lambda: blobs.truncate(other, 2), [False]),
        (lambda: blobs.rename(other, _NAME), [True]),
        (lambda: blobs.discard(_NAME), [True]),
    ]
    for step, expected in steps:
        synced.clear()
        step()
        assert synced == expected


def test_a_blob_is_cut_but_never_made_longer(blobs: FileBlobStore) -> None:
    blobs.append(_NAME, 0, [b"abcdef"])
    blobs.truncate(_NAME, 6)
    blobs.truncate(_NAME, 4)
    assert b"".join(blobs.parts(_NAME)) == b"abcd"
    with pytest.raises(HubError) as refused:
        blobs.truncate(_NAME, 5)
    assert refused.value.code == "offset-mismatch"
    blobs.truncate("cd" * 32, 0)


def test_a_renamed_blob_takes_the_place_of_another(blobs: FileBlobStore) -> None:
    temporary = new_id()
    blobs.append(_NAME, 0, [b"old"])
    blobs.append(temporary, 0, [b"new"])
    blobs.rename(temporary, _NAME)
    assert blobs.size(temporary) == 0
    assert b"".join(blobs.parts(_NAME)) == b"new"


def test_a_discarded_blob_is_gone_and_may_be_discarded_again(blobs: FileBlobStore) -> None:
    blobs.append(_NAME, 0, [b"x"])
    blobs.discard(_NAME)
    blobs.discard(_NAME)
    assert blobs.size(_NAME) == 0
    with pytest.raises(HubError) as refused:
        blobs.open(_NAME)
    assert refused.value.code == "not-found"


@pytest.mark.parametrize(
    "name",
    ["", "..", "../x", "/etc/passwd", "AB" * 32, "ab" * 31, "ab" * 33, _NAME + "\n", ".locks", "a/" * 32],
)
def test_strange_names_are_refused(blobs: FileBlobStore, name: str) -> None:
    steps: list[Callable[[], object]] = [
        lambda: blobs.append(name, 0, [b"x"]),
        lambda: blobs.size(name),
        lambda: blobs.open(name),
        lambda: blobs.truncate(name, 0),
        lambda: blobs.discard(name),
        lambda: blobs.rename(name, _NAME),
        lambda: blobs.rename(_NAME, name),
        lambda: blobs.hold(name).__enter__(),
    ]
    for step in steps:
        with pytest.raises(HubError) as refused:
            step()
        assert refused.value.code == "request-invalid"


def test_a_held_name_is_refused_to_others_and_free_afterwards(blobs: FileBlobStore) -> None:
    with blobs.hold(_NAME):
        with pytest.raises(HubError) as refused, blobs.hold(_NAME):
            pass
        assert refused.value.code == "conflict"
        with blobs.hold("cd" * 32):
            pass
        codes: list[str] = []

        def other() -> None:
            try:
                with blobs.hold(_NAME):
                    pass
            except HubError as error:
                codes.append(error.code)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert codes == ["conflict"]
    with blobs.hold(_NAME):
        pass


@pytest.mark.slow
def test_a_held_name_is_refused_to_other_processes(blobs: FileBlobStore, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from hub.storage.blobs import FileBlobStore\n"
        "with FileBlobStore(Path(sys.argv[1])).hold(sys.argv[2]): pass"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "attachments"), _NAME]
    root = Path(__file__).parents[2]
    with blobs.hold(_NAME):
        held = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert held.returncode != 0
    assert "conflict" in held.stderr
    assert subprocess.run(command, cwd=root, check=False).returncode == 0


def test_a_large_blob_passes_in_constant_memory(blobs: FileBlobStore) -> None:
    part = b"x" * 65536
    tracemalloc.start()
    blobs.append(_NAME, 0, (part for _ in range(512)))
    total = sum(len(read) for read in blobs.parts(_NAME))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 32 * 1024 * 1024
    assert peak < 2 * 1024 * 1024


def test_what_the_file_system_cannot_do_is_a_failure_of_storage(
    blobs: FileBlobStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(file: int, part: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(HubError) as failed:
        blobs.append(_NAME, 0, [b"x"])
    assert failed.value.code == "storage-unavailable"
    assert "No space left" in failed.value.sentence
    (tmp_path / "file").touch()
    with pytest.raises(HubError) as failed:
        FileBlobStore(tmp_path / "file" / "folder")
    assert failed.value.code == "storage-unavailable"


def test_only_the_owner_may_read_blobs(blobs: FileBlobStore, tmp_path: Path) -> None:
    blobs.append(_NAME, 0, [b"x"])
    folder = tmp_path / "attachments"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_free_space_is_told(blobs: FileBlobStore) -> None:
    assert blobs.free_bytes() > 0
