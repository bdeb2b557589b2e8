"""A drop folder keeps the carriers' contract, and trusts nothing that it finds in it."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from adapters import registry
from adapters.carriers.folder import FolderCarrier
from adapters.contract import Parcel, Verdict
from adapters.kit.checking import check
from hub.errors import IntegrityFailure, OurFault, PeerFault

TAKEN = Verdict(taken=True)


def ends(folder: Path) -> tuple[FolderCarrier, FolderCarrier]:
    return (
        FolderCarrier(folder, us="kz-knb", them="cis-atc", max_bytes=1000),
        FolderCarrier(folder, us="cis-atc", them="kz-knb", max_bytes=1000),
    )


def test_the_folder_keeps_the_carriers_contract() -> None:
    adapter = replace(registry.make("bilateral"), rehearse=ends)
    (result,) = check(adapter, only={"carrier"})
    assert result.holds, result.sentence


def test_what_was_cut_off_between_receipt_and_removal_comes_again_with_the_same_receipt(
    tmp_path: Path,
) -> None:
    ours, theirs = ends(tmp_path)
    ours.push(Parcel(parcel_id="p", content=b"x"))
    theirs.acknowledge("p", Verdict(taken=False, code="expired", sentence="It came too late."))
    (tmp_path / "to-cis-atc" / "p").write_bytes(b"x")
    assert [one.parcel_id for one in theirs.pull(limit=5)] == ["p"]
    theirs.acknowledge("p", TAKEN)
    (receipt,) = ours.receipts(limit=5)
    assert (receipt.parcel_id, receipt.verdict.code) == ("p", "expired")
    assert receipt.digest == sha256(b"x").digest()
    assert theirs.pull(limit=5) == []


def test_other_bytes_that_took_a_parcels_place_get_no_receipt_and_are_pulled_next(tmp_path: Path) -> None:
    ours, theirs = ends(tmp_path)
    ours.push(Parcel(parcel_id="p", content=b"x"))
    theirs.pull(limit=5)
    (tmp_path / "to-cis-atc" / "p").write_bytes(b"never read")
    theirs.acknowledge("p", TAKEN)
    assert ours.receipts(limit=5) == []
    (found,) = theirs.pull(limit=5)
    assert found.content == b"never read"
    theirs.acknowledge("p", Verdict(taken=False, code="envelope-id-reused"))
    (receipt,) = ours.receipts(limit=5)
    assert (receipt.verdict.code, receipt.digest) == ("envelope-id-reused", sha256(b"never read").digest())


def test_what_was_half_written_is_not_seen(tmp_path: Path) -> None:
    ours, theirs = ends(tmp_path)
    folder = tmp_path / "to-cis-atc"
    folder.mkdir()
    (folder / ".unfinished-p").write_bytes(b"hal")
    assert theirs.pull(limit=5) == []
    ours.push(Parcel(parcel_id="p", content=b"half"))
    assert [one.content for one in theirs.pull(limit=5)] == [b"half"]


def test_other_bytes_under_an_id_are_refused(tmp_path: Path) -> None:
    ours, _ = ends(tmp_path)
    ours.push(Parcel(parcel_id="p", content=b"x"))
    with pytest.raises(IntegrityFailure) as refused:
        ours.push(Parcel(parcel_id="p", content=b"y"))
    assert refused.value.code == "envelope-id-reused"


@pytest.mark.parametrize("name", ["../p", "", ".p", "a/b", "a\0b", "x" * 121, "имя"])
def test_an_id_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    ours, theirs = ends(tmp_path)
    with pytest.raises(OurFault):
        ours.push(Parcel(parcel_id=name, content=b"x"))
    with pytest.raises(OurFault):
        theirs.acknowledge(name, TAKEN)
    with pytest.raises(OurFault):
        ours.settle(name)


def test_links_folders_pipes_and_large_files_are_left_alone(tmp_path: Path) -> None:
    ours, theirs = ends(tmp_path)
    secret = tmp_path / "secret"
    secret.write_bytes(b"ours alone")
    folder = tmp_path / "to-cis-atc"
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "large").write_bytes(bytes(1001))
    ours.push(Parcel(parcel_id="p", content=b"x"))
    assert [one.parcel_id for one in theirs.pull(limit=5)] == ["p"]
    assert not theirs.health().well
    assert "1 parcels" in theirs.health().sentence


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'{"parcel":"q","sha256":"' + b"00" * 32 + b'","verdict":"taken"}',
        b'{"parcel":"p","sha256":"00","verdict":"taken"}',
        b'{"parcel":"p","sha256":"' + b"00" * 32 + b'","verdict":"perhaps"}',
        b'{"parcel":"p","sha256":"' + b"00" * 32 + b'","verdict":"refused"}',
        b'{"parcel":"p","parcel":"p","sha256":"' + b"00" * 32 + b'","verdict":"taken"}',
    ],
)
def test_what_is_no_receipt_settles_nothing_and_is_told_of(tmp_path: Path, raw: bytes) -> None:
    ours, _ = ends(tmp_path)
    ours.push(Parcel(parcel_id="p", content=b"x"))
    (tmp_path / "receipts-for-kz-knb").mkdir()
    (tmp_path / "receipts-for-kz-knb" / "p").write_bytes(raw)
    assert not ours.receipts(limit=5)
    assert "no receipts" in ours.health().sentence


def test_a_folder_that_is_gone_is_told_of(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    ours, _ = ends(blocked)
    assert not ours.health().well
    with pytest.raises(PeerFault) as told:
        ours.push(Parcel(parcel_id="p", content=b"x"))
    assert told.value.code == "partner-unreachable"
