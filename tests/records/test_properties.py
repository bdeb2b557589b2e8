from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import Schema
from marshmallow.fields import Field, Nested

from hub.errors import Refused
from hub.records.fields import Part, Plain
from hub.records.kinds import Kind
from hub.records.record import check_record, load_record
from hub.records.schema import Object
from hub.records.template import template
from tests.amounts import examples
from tests.records.changes import GONE, changed, paths
from tests.records.test_text import HOSTILE

TEMPLATES = {kind: template(kind) for kind in Kind}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def altered(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a template in which up to three things were replaced or taken away."""
    document = TEMPLATES[draw(st.sampled_from(Kind))]
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(document)) or [("id",)]))
        document = changed(document, path, draw(json_values | st.just(GONE) | st.text(max_size=40)))
    return document


@st.composite
def with_texts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a template whose free texts are any texts at all."""
    document = TEMPLATES[draw(st.sampled_from(Kind))]
    for path in paths(document):
        if path[-1] in {"text", "narrative", "note", "described", "grounds", "name", "offence"}:
            document = changed(document, path, draw(st.text(min_size=1, max_size=30)))
    return document


@settings(max_examples=examples(80), deadline=None)
@given(with_texts())
def test_loading_what_was_loaded_changes_nothing(document: dict[str, Any]) -> None:
    try:
        once = load_record(document)
    except Refused:
        return
    again = load_record(once.document)
    assert again.document == once.document
    assert again == once
    assert unicodedata.is_normalized("NFC", once.narrative)


@settings(max_examples=examples(120), deadline=None)
@given(altered())
def test_any_alteration_loads_or_is_refused_with_problems(document: dict[str, Any]) -> None:
    problems = check_record(document)
    if problems:
        assert all(problem.sentence for problem in problems)
        with pytest.raises(Refused):
            load_record(document)
    else:
        once = load_record(document)
        assert load_record(once.document).document == once.document


@settings(max_examples=examples(60), deadline=None)
@given(json_values)
def test_checking_never_raises_whatever_it_is_given(value: Any) -> None:
    assert check_record(value)


@pytest.mark.parametrize("kind", Kind)
def test_no_text_field_of_any_kind_takes_hostile_text(kind: Kind) -> None:
    document = TEMPLATES[kind]
    texts = [path for path in paths(document) if isinstance(_at(document, path), str)]
    for number, path in enumerate(texts):
        sign = HOSTILE[number % len(HOSTILE)]
        assert check_record(changed(document, path, f"a{sign}b")), (path, sign)


def _at(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize("kind", [Kind.WANTED_PERSON, Kind.TRANSPORT_CHANNEL])
def test_our_faster_loading_finds_what_marshmallows_own_finds(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = TEMPLATES[kind]
    variants = [document]
    for path in paths(document):
        values = (GONE, None, 7) if isinstance(path[-1], str) else (None, 7)
        variants += [changed(document, path, value) for value in values]
        if isinstance(_at(document, path), dict):
            variants.append(changed(document, (*path, "stray"), 1))
    ours = [sorted(map(str, check_record(variant))) for variant in variants]
    monkeypatch.setattr(Object, "load", Schema.load)
    monkeypatch.setattr(Object, "_deserialize", Schema._deserialize)
    monkeypatch.setattr(Part, "_deserialize", Nested._deserialize)
    monkeypatch.setattr(Plain, "deserialize", Field.deserialize)
    theirs = [sorted(map(str, check_record(variant))) for variant in variants]
    assert ours == theirs
    assert not ours[0]
    assert sum(map(bool, ours)) > len(ours) / 2
