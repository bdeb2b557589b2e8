"""Nothing that was changed in a bundle with parcels is ever called proven, whoever signed the change."""

from __future__ import annotations

import pytest

from hub.errors import IntegrityFailure
from hub.evidence.anchors import Anchors
from hub.evidence.findings import Outcome
from tests.evidence.parcels import Parcelled
from tests.evidence.test_mutations import EVERY_BYTE, every_place, flipped, lies

Least = tuple[Parcelled, bytes, Anchors]


@pytest.fixture
def least(parcelled: Parcelled, parcels: bytes) -> Least:
    return parcelled, parcels, parcelled.anchored()


def outcome(least: Least, raw: bytes) -> Outcome:
    """Return the verdict; what cannot even be read is no proof."""
    try:
        return least[0].verdict(raw, least[2]).outcome
    except IntegrityFailure:
        return Outcome.DISPROVEN


def test_a_flipped_byte_is_never_proven(least: Least) -> None:
    for at in range(0, len(least[1]), 2003):
        assert outcome(least, flipped(least[1], at)) is not Outcome.PROVEN, at


@pytest.mark.slow
def test_no_flipped_byte_of_parcels_and_approvals_is_proven(least: Least) -> None:
    raw = least[1]
    start, end = raw.index(b'"parcels":['), raw.index(b'"receipts":[],"record"')
    spots = range(len(raw)) if EVERY_BYTE else range(start, end, 97)
    assert len(spots) > 300
    for at in spots:
        assert outcome(least, flipped(raw, at)) is not Outcome.PROVEN, at


def test_no_value_that_its_exporter_altered_is_proven(least: Least) -> None:
    every = every_place(least[1])
    assert len(every) > 150
    for path in every[::101]:
        assert outcome(least, lies(least[1], least[0].ours, path, 5)) is not Outcome.PROVEN, path


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, -1, 40])
def test_no_character_that_its_exporter_altered_is_proven(least: Least, at: int) -> None:
    every = every_place(least[1])
    for path in every if EVERY_BYTE else every[at % 9 :: 9]:
        assert outcome(least, lies(least[1], least[0].ours, path, at)) is not Outcome.PROVEN, (path, at)
