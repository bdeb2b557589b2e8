"""Bundles that were written once are judged as they were then: proven, incomplete or disproven."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.bootstrap.showing import partner_forms
from hub.evidence.anchors import read_anchors
from hub.evidence.findings import Outcome, Standing
from hub.evidence.verifying import verify_bundle
from tests.evidence.world import told
from tests.evidence.write_vectors import FOLDER_OF_VECTORS

VECTORS: list[dict[str, Any]] = json.loads((FOLDER_OF_VECTORS / "vectors.json").read_text(encoding="utf-8"))
_STANDING = {
    "proven": {Standing.PROVEN},
    "incomplete": {Standing.NOT_SHOWN},
    "disproven": {Standing.DISPROVEN},
}


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["name"])
def test_a_bundle_of_the_vectors_is_judged_as_it_says(row: dict[str, Any]) -> None:
    anchors = read_anchors((FOLDER_OF_VECTORS / "anchors.json").read_bytes())
    verdict = verify_bundle((FOLDER_OF_VECTORS / row["file"]).read_bytes(), anchors, partner_forms())
    assert verdict.outcome.value == row["verdict"], told(verdict)
    found = {one.key for one in verdict.findings if one.standing in _STANDING[row["verdict"]]}
    assert row["finding"] in found


@pytest.mark.parametrize("form", ["1", "2"])
def test_a_bundle_that_a_hub_of_before_wrote_is_still_proven(form: str) -> None:
    folder = FOLDER_OF_VECTORS / "before"
    raw = (folder / f"format-{form}.evidence").read_bytes()
    assert f'"format":"hub-evidence/{form}"'.encode() in raw
    anchors = read_anchors((folder / f"format-{form}.anchors.json").read_bytes())
    for forms in (None, partner_forms()):
        verdict = verify_bundle(raw, anchors, forms)
        assert verdict.outcome is Outcome.PROVEN, told(verdict)
