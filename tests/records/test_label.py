from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Refused
from hub.records.label import Classification, Handling, Label, Tlp

SECRET = {
    "classification": "secret",
    "tlp": "amber+strict",
    "handling": ["H1", "H3"],
    "handling_note": "Not to be shown to the person.",
    "releasable_to": ["kz-mvd"],
    "originator_control": True,
}


def test_a_label_survives_its_document_form() -> None:
    label = Label.load(SECRET)
    assert label.as_document() == SECRET
    assert Label.load(label.as_document()) == label


def test_classifications_are_ordered_by_rank() -> None:
    assert [level.value for level in sorted(Classification, key=lambda level: level.rank)] == [
        "unclassified",
        "restricted",
        "confidential",
        "secret",
        "top-secret",
    ]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"tlp": "clear"}, "tlp"),
        ({"handling": ["H0", "H1"], "handling_note": None}, "handling"),
        ({"handling": ["H1"]}, "handling_note"),
        ({"handling": ["H4"]}, "handling"),
        ({"handling": []}, "handling_note"),
        ({"classification": "SECRET"}, "classification"),
        ({"classification": None}, "classification"),
        ({"releasable_to": ["KZ MVD"]}, "releasable_to"),
        ({"originator_control": 1}, "originator_control"),
        ({"caveat": "NOFORN"}, "caveat"),
    ],
)
def test_a_label_that_contradicts_itself_or_is_unknown_is_refused(change: dict[str, Any], where: str) -> None:
    told = {name: value for name, value in (SECRET | change).items() if value is not None}
    if "classification" in change and change["classification"] is None:
        told["classification"] = None
    with pytest.raises(Refused, match=where) as refusal:
        Label.load(told)
    assert refusal.value.code == "record-invalid"


def test_a_label_made_by_hand_is_checked_too() -> None:
    with pytest.raises(Refused) as refusal:
        Label(classification=Classification.SECRET, tlp=Tlp.CLEAR)
    assert refusal.value.code == "record-invalid"
    with pytest.raises(Refused):
        Label(classification=Classification.SECRET, tlp=Tlp.RED, handling=(Handling.H3,))
