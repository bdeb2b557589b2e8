"""What an officer reads of a record's content."""

from __future__ import annotations

import pytest

from hub.cli.record_page import page
from hub.records.examples import EXAMPLES
from hub.records.grading import MEANINGS, Scale
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template

GRADED = [kind for kind in Kind if EXAMPLES[kind].grading]


def test_the_examples_are_graded_in_every_scale() -> None:
    assert {EXAMPLES[kind].grading["scale"] for kind in GRADED} == {scale.value for scale in Scale}


@pytest.mark.parametrize("kind", GRADED)
def test_a_grading_is_shown_as_it_came_with_what_each_grade_means(kind: Kind) -> None:
    record = load_record(template(kind))
    graded = EXAMPLES[kind].grading
    lines = page(record).splitlines()
    start = lines.index("grading:")
    meanings = dict(zip(("source", "information", "handling"), MEANINGS[Scale(graded["scale"])], strict=True))
    expected = [f"  scale: {graded['scale']}"]
    for part in ("source", "information", "handling"):
        if part in graded:
            expected.append(f"  {part}: {graded[part]} ({meanings[part][graded[part]]})")
    assert sorted(lines[start + 1 : start + 1 + len(expected)]) == sorted(expected)
    assert record.document["grading"] == graded, "what machines read is as it came"


def test_a_record_without_a_grading_shows_none() -> None:
    record = load_record(template(next(kind for kind in Kind if not EXAMPLES[kind].grading)))
    assert "grading:" not in page(record).splitlines()
