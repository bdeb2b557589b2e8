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
