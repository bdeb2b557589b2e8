"""Secrets come from a descriptor, a file, a systemd credential or a person, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.bootstrap.secrets import Secrets, Source, Wanted, read_secret, secrets_of
from hub.errors import OurFault


def wanted(home: Path) -> Wanted:
    return Wanted(called="unlock secret", credential="hub-unlock", default=home / "unlock", option="unlock")


def private(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def read(home: Path, source: Source = Source()) -> str:  # noqa: B008 - it is frozen
    return read_secret(wanted(home), source).text()


def piped(text: str) -> int:
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading


def test_a_descriptor_goes_before_all_else(tmp_path: Path) -> None:
    private(tmp_path / "unlock", "from the file")
    descriptor = piped("  from the descriptor\n")
    assert read(tmp_path, Source(descriptor=descriptor)) == "from the descriptor"
    os.close(descriptor)
    with pytest.raises(OurFault, match=f"Descriptor {descriptor} cannot be read"):
        read(tmp_path, Source(descriptor=descriptor))


def test_a_file_that_is_named_goes_before_the_credential_and_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private(tmp_path / "unlock", "home")
    assert read(tmp_path) == "home"
    private(tmp_path / "credentials" / "hub-unlock", "credential")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert read(tmp_path) == "credential"
    assert read(tmp_path, Source(file=private(tmp_path / "named", "named"))) == "named"


def test_a_person_is_asked_last_and_only_where_no_file_was_named(tmp_path: Path) -> None:
    asks = Source(ask=lambda: "typed")
    assert read(tmp_path, asks) == "typed"
    with pytest.raises(OurFault, match="no unlock secret at"):
        read(tmp_path, Source(file=tmp_path / "gone", ask=lambda: "typed"))
    private(tmp_path / "unlock", "home")
    assert read(tmp_path, asks) == "home"


def test_nothing_anywhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(OurFault, match="--unlock or --unlock-fd") as raised:
        read(tmp_path)
    assert raised.value.code == "key-store-invalid"
    assert str(tmp_path / "unlock") in raised.value.sentence


def test_an_empty_secret_and_one_that_others_may_read_are_refused(tmp_path: Path) -> None:
    path = private(tmp_path / "unlock", " \n")
    with pytest.raises(OurFault, match="it is empty"):
        read(tmp_path)
    path.chmod(0o640)
    with pytest.raises(OurFault, match="chmod go-rwx"):
        read(tmp_path)
    with pytest.raises(OurFault, match="cannot be read"):
        read(tmp_path, Source(file=tmp_path))


def test_where_secrets_come_from_is_shown_and_they_are_not(tmp_path: Path) -> None:
    secret = read_secret(wanted(tmp_path), Source(ask=lambda: "hunter2hunter2hunter2"))
    assert "hunter" not in repr([secret, Source(ask=lambda: "hunter2"), secrets_of(tmp_path)])
    assert secrets_of(tmp_path) == Secrets(unlock=Source(file=tmp_path))
    assert secrets_of(None) == Secrets()
