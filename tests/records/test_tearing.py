"""What is left out of a document is in none of its parts; what is said elsewhere is found."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Refused
from hub.records.details import SHAPES
from hub.records.kinds import Kind
from hub.records.record import check_record, load_record
from hub.records.tearing import TEARABLE, changed_parts, find, said_again, tear
from hub.records.template import template

KINDS = [kind for kind in Kind if not SHAPES[kind].answers]


def marked(value: Any, seen: list[str]) -> Any:
    """Return a value in which every text of several words is one that stands nowhere else."""
    if isinstance(value, dict):
        return {name: marked(each, seen) for name, each in value.items()}
    if isinstance(value, list):
        return [marked(each, seen) for each in value]
    if isinstance(value, str) and " " in value:
        seen.append(f"Wort{len(seen)}x einmalig")
        return seen[-1]
    return value


def places(value: Any, path: str = "") -> list[str]:
    """Return the path of every part of a document that may be left out."""
    found: list[str] = []
    if isinstance(value, dict):
        for name, each in value.items():
            inner = f"{path}.{name}" if path else name
            found += [inner, *places(each, inner)]
    elif isinstance(value, list):
        for place, each in enumerate(value):
            found += [f"{path}[{place}]", *places(each, f"{path}[{place}]")]
    return found


def example(kind: Kind) -> dict[str, Any]:
    document = template(kind)
    told: list[str] = []
    for name in ("subjects", "details"):
        document[name] = marked(document[name], told)
    document["narrative"] = "Erster einmaliger Absatz.\n\nZweiter einmaliger Absatz.\n\nDritter."
    return document


EXAMPLES = {kind: example(kind) for kind in KINDS}
ORDERS = {
    kind: [
        path
        for path in places({name: EXAMPLES[kind][name] for name in TEARABLE if name in EXAMPLES[kind]})
        if path != "details"
    ]
    + ["narrative[0]", "narrative[1]"]
    for kind in KINDS
}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_value_that_was_left_out_is_in_what_is_left(data: Any) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    orders = data.draw(st.lists(st.sampled_from(ORDERS[kind]), min_size=1, max_size=5))
    document = deepcopy(EXAMPLES[kind])
    torn = tear(document, orders)
    assert document == EXAMPLES[kind]
    again = said_again(torn, torn.values)
    left = json.dumps(torn.document, ensure_ascii=False)
    for value in torn.values:
        assert again or not (" " in value and value in left)
    problems = check_record(torn.document)  # what a kind needs was perhaps left out: told, never repaired
    assert problems or load_record(torn.document).document == torn.document


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_said_again_anywhere_is_found(data: Any) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    secret = data.draw(st.text(alphabet="abcdefgжұ ", min_size=4, max_size=20).map(str.strip).filter(bool))
    secret = f"Q {secret}"
    document = deepcopy(EXAMPLES[kind]) | {
        "narrative": f"{secret}.\n\nIt was {data.draw(st.sampled_from([str.upper, str.lower, str]))(secret)}!"
    }
    document["grading"] = {"scale": "admiralty", "source": "A", "information": "1"}
    torn = tear(document, ["narrative[0]"])
    values = {*torn.values, secret}
    assert said_again(torn, values) == ("narrative[1]",)
    assert said_again(torn, values, may_stay=["narrative[*]"]) == ()


def test_an_untouched_narrative_stays_as_it_was_written() -> None:
    document = example(Kind.WANTED_PERSON) | {"narrative": "one\n \n\n\ntwo"}
    assert tear(document, ["subjects[0].look"]).document["narrative"] == "one\n \n\n\ntwo"
    assert tear(document, ["narrative[0]"]).document["narrative"] == "two"
    assert tear(document, ["narrative"]).document["narrative"] == ""


def test_several_places_are_those_of_the_document_that_is_torn() -> None:
    document = example(Kind.WANTED_PERSON)
    names = document["subjects"][0]["names"]
    torn = tear(document, ["subjects[0].names[0]", "subjects[*].names[1]"])
    assert torn.document["subjects"][0]["names"] == names[2:]
    assert torn.left_out == ("subjects[0].names[0]", "subjects[0].names[1]")
    assert find(document, "subjects[*].names[*]") == [("subjects", 0, "names", n) for n in range(len(names))]


def test_words_of_closed_lists_say_nothing_by_themselves() -> None:
    document = example(Kind.WANTED_PERSON)
    torn = tear(document, ["subjects[0].nationalities", "subjects[0].sex", "subjects[0].look.height_cm"])
    assert torn.values == {"178"}
    assert said_again(torn, torn.values) == ()


@pytest.mark.parametrize(
    "order",
    ["", "label", "id", "details", "subjects[99]", "subjects.names", "narrative[0][0]", "a b", "x" * 500],
)
def test_a_path_that_leads_nowhere_is_refused(order: str) -> None:
    with pytest.raises(Refused) as refused:
        tear(example(Kind.WANTED_PERSON), [order])
    assert refused.value.code == "tear-invalid"


@pytest.mark.parametrize("orders", [[], ["grading"] * 201])
def test_an_order_has_bounds(orders: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        tear(example(Kind.WANTED_PERSON), orders)
    assert refused.value.code == "tear-invalid"


def test_what_changed_is_named_by_its_parts() -> None:
    before = example(Kind.WANTED_PERSON)
    after = deepcopy(before)
    after["subjects"][0]["sex"] = "female"
    after["details"]["scope"] = "national"
    after["narrative"] = after["narrative"].replace("Zweiter", "Anderer")
    after["label"]["tlp"] = "red"
    assert changed_parts(before, after) == ("details.scope", "label.tlp", "narrative[1]", "subjects[0]")
    assert changed_parts(before, before) == ()
