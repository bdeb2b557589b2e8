"""A profile names a dialect, a seal and a carrier; what it misnames is refused before anything moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.carriers.folder import FolderCarrier
from adapters.composing import compose
from adapters.contract import Parcel, Verdict
from hub.errors import Refused
from tests.adapters.materials import Given


def given(tmp_path: Path, us: str = "kz-knb", them: str = "de-bka") -> Given:
    return Given(us=us, them=them, state=tmp_path / "state")


def profile(tmp_path: Path) -> dict[str, Any]:
    return {
        "adapter": "bilateral",
        "dialect": "stix",
        "carrier": {"name": "folder", "path": str(tmp_path / "drop")},
    }


def test_a_profile_composes_a_dialect_and_a_carrier(tmp_path: Path) -> None:
    ours = compose(profile(tmp_path), given(tmp_path))
    theirs = compose(profile(tmp_path), given(tmp_path, us="de-bka", them="kz-knb"))
    assert ours.dialect.name.startswith("stix")
    assert isinstance(ours.carrier, FolderCarrier)
    assert isinstance(theirs.carrier, FolderCarrier)
    ours.carrier.push(Parcel(parcel_id="p", content=b"x"))
    assert [parcel.content for parcel in theirs.carrier.pull(limit=5)] == [b"x"]
    theirs.carrier.acknowledge("p", Verdict(taken=True))
    assert [receipt.parcel_id for receipt in ours.carrier.receipts(limit=5)] == ["p"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"adapter": "nobody"}, "adapter-unknown"),
        ({"carrier": {"name": "pigeon"}}, "adapter-unknown"),
        ({"seal": {"name": "wax"}}, "adapter-unknown"),
        ({"carrier": {"name": "folder", "path": "x", "pth": "y"}}, "adapter-invalid"),
        ({"carrier": {"name": "folder"}}, "adapter-invalid"),
        ({"carrier": "folder"}, "adapter-invalid"),
        ({"carrier": {}}, "adapter-invalid"),
        ({"dialekt": "stix"}, "adapter-invalid"),
    ],
)
def test_a_profile_that_misnames_something_is_refused(
    tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        compose(profile(tmp_path) | change, given(tmp_path))
    assert refused.value.code == code


def test_a_refusal_has_a_code_and_nothing_else_has() -> None:
    with pytest.raises(ValueError, match="code"):
        Verdict(taken=False)
    with pytest.raises(ValueError, match="code"):
        Verdict(taken=True, code="expired")
