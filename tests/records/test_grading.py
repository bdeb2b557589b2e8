from __future__ import annotations

from itertools import product

import pytest

from hub.errors import Refused
from hub.records.grading import GRADES, Grading, GradingSchema, Scale


@pytest.mark.parametrize("scale", Scale)
def test_every_grade_of_a_scale_is_accepted_and_no_other(scale: Scale) -> None:
    source, information, handling = GRADES[scale]
    for a, b, c in product("ABCDEFX", "1234567", ["", *"123456"]):
        graded = {"scale": scale.value, "source": a, "information": b} | ({"handling": c} if c else {})
        fits = a in source and b in information and (c in handling if c else not handling)
        assert (not GradingSchema().validate(graded)) == fits, graded


def test_a_grading_made_by_hand_is_checked_too() -> None:
    assert Grading(scale=Scale.FOUR, source="X", information="4").handling is None
    with pytest.raises(Refused) as refusal:
        Grading(scale=Scale.FOUR, source="X", information="5")
    assert refusal.value.code == "record-invalid"


def test_five_by_five_by_five_needs_its_third_digit() -> None:
    with pytest.raises(Refused, match="handling"):
        Grading(scale=Scale.FIVE, source="B", information="2")


@pytest.mark.parametrize("scale", Scale)
def test_every_grade_says_what_it_means_in_its_own_scale(scale: Scale) -> None:
    source, information, handling = GRADES[scale]
    for a, b, c in product(source, information, handling or [None]):
        means = Grading(scale=scale, source=a, information=b, handling=c).means
        assert set(means) == {"source", "information"} | ({"handling"} if handling else set())
        assert all(means.values())


def test_one_letter_means_another_thing_in_another_scale() -> None:
    said = [
        Grading(scale=scale, source="B", information="2", handling="2" if scale is Scale.FIVE else None).means
        for scale in Scale
    ]
    assert [one["source"] for one in said] == [
        "usually reliable",
        "reliable in most instances",
        "mostly reliable",
    ]
    assert len({one["information"] for one in said}) == 3
