"""Combining labels gives the stricter; what a label allows is compared, not how it is spelt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Refused
from hub.records.label import Classification, Handling, Label, Tlp
from hub.records.lattice import at_least_as_strict, combine, looser, meaning
from tests.amounts import examples

AGENCIES = ["kz-mvd", "kz-nbk", "cis-atc"]
GREEN = Label(classification=Classification.RESTRICTED, tlp=Tlp.GREEN)

few = settings(max_examples=examples(60), deadline=None)


def made(**parts: Any) -> Label:
    return Label(**({"classification": Classification.RESTRICTED, "tlp": Tlp.GREEN} | parts))


@st.composite
def labels(draw: Callable[..., Any]) -> Label:
    classification = draw(st.sampled_from(Classification))
    colours = [t for t in Tlp if t is not Tlp.CLEAR or classification is Classification.UNCLASSIFIED]
    codes = draw(st.sets(st.sampled_from([Handling.H1, Handling.H2, Handling.H3])))
    handling = tuple(draw(st.permutations(sorted(codes, key=lambda c: c.value))))
    notes = draw(st.lists(st.sampled_from(["not to the press", "ask first", "no copies"]), min_size=1))
    return Label(
        classification=classification,
        tlp=draw(st.sampled_from(colours)),
        handling=handling or draw(st.sampled_from([(), (Handling.H0,)])),
        handling_note="; ".join(notes) if Handling.H3 in codes else None,
        releasable_to=tuple(draw(st.lists(st.sampled_from(AGENCIES), unique=True))),
        originator_control=draw(st.booleans()),
    )


@few
@given(labels(), labels())
def test_combining_is_commutative(one: Label, other: Label) -> None:
    assert combine(one, other) == combine(other, one)


@few
@given(labels(), labels(), labels())
def test_combining_is_associative(one: Label, other: Label, third: Label) -> None:
    assert combine(combine(one, other), third) == combine(one, combine(other, third))


@few
@given(labels())
def test_combining_is_idempotent(label: Label) -> None:
    once = combine(label, label)
    assert meaning(once) == meaning(label)
    assert combine(once, once) == once


@few
@given(labels(), labels())
def test_what_is_combined_is_never_looser_than_either(one: Label, other: Label) -> None:
    both = combine(one, other)
    assert at_least_as_strict(both, one)
    assert at_least_as_strict(both, other)


@few
@given(labels(), labels(), labels())
def test_nothing_looser_is_as_strict_as_both(one: Label, other: Label, third: Label) -> None:
    if at_least_as_strict(third, one) and at_least_as_strict(third, other):
        assert at_least_as_strict(third, combine(one, other))


@few
@given(labels(), labels(), labels())
def test_strictness_is_an_order(one: Label, other: Label, third: Label) -> None:
    assert at_least_as_strict(one, one)
    if at_least_as_strict(one, other) and at_least_as_strict(other, third):
        assert at_least_as_strict(one, third)
    if at_least_as_strict(one, other) and at_least_as_strict(other, one):
        assert meaning(one) == meaning(other)


@few
@given(labels(), labels())
def test_what_is_combined_is_a_label_that_a_record_can_carry(one: Label, other: Label) -> None:
    both = combine(one, other)
    assert Label.load(both.as_document()) == both


@few
@given(labels(), labels(), st.sampled_from(AGENCIES))
def test_who_may_get_both_gets_what_is_combined_of_them(one: Label, other: Label, who: str) -> None:
    def reached(label: Label) -> bool:
        named = meaning(label).released_to
        return named is None or who in named

    assert reached(combine(one, other)) == (reached(one) and reached(other))


def test_each_part_is_the_stricter_of_the_two() -> None:
    one = made(
        classification=Classification.SECRET, handling=(Handling.H1,), releasable_to=("kz-mvd", "kz-nbk")
    )
    other = made(
        tlp=Tlp.AMBER,
        handling=(Handling.H3,),
        handling_note="Ask first.",
        releasable_to=("cis-atc", "kz-mvd"),
        originator_control=True,
    )
    assert combine(one, other) == Label(
        classification=Classification.SECRET,
        tlp=Tlp.AMBER,
        handling=(Handling.H1, Handling.H3),
        handling_note="Ask first.",
        releasable_to=("kz-mvd",),
        originator_control=True,
    )


def test_labels_that_name_nobody_in_common_come_to_red_for_nobody() -> None:
    both = combine(made(releasable_to=("kz-mvd",)), made(releasable_to=("cis-atc",)))
    assert (both.tlp, both.releasable_to, both.originator_control) == (Tlp.RED, (), True)
    assert meaning(both).released_to == frozenset()


def test_a_list_beside_a_strict_label_without_one_is_not_passed_on_by_it() -> None:
    both = combine(made(tlp=Tlp.AMBER_STRICT), made(releasable_to=("kz-mvd",)))
    assert both.releasable_to == ("kz-mvd",)
    assert both.originator_control
    assert meaning(both).passed_to == frozenset()


def test_h0_restricts_nothing_and_yields_to_any_code() -> None:
    free = made(handling=(Handling.H0,))
    assert meaning(free) == meaning(GREEN)
    assert combine(free, GREEN) == free
    assert combine(free, made(handling=(Handling.H1,))).handling == (Handling.H1,)


def test_notes_are_kept_side_by_side() -> None:
    one, other = (made(handling=(Handling.H3,), handling_note=note) for note in ("b", "a"))
    assert combine(one, other).handling_note == "a; b"


def test_notes_that_are_too_long_together_are_left_to_a_person() -> None:
    one, other = (made(handling=(Handling.H3,), handling_note=note * 600) for note in ("b", "a"))
    with pytest.raises(Refused, match="1,202 characters together") as refusal:
        combine(one, other)
    assert refusal.value.code == "record-invalid"


STRICT = Label(
    classification=Classification.SECRET,
    tlp=Tlp.AMBER,
    handling=(Handling.H1, Handling.H3),
    handling_note="Ask first.",
    releasable_to=("kz-mvd",),
    originator_control=True,
)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({}, ()),
        ({"classification": Classification.TOP_SECRET, "tlp": Tlp.RED}, ()),
        ({"handling": (Handling.H3, Handling.H2, Handling.H1)}, ()),
        ({"handling_note": "No copies.; Ask first."}, ()),
        ({"classification": Classification.CONFIDENTIAL}, ("classification",)),
        ({"tlp": Tlp.GREEN}, ("tlp",)),
        ({"handling": (Handling.H3,)}, ("handling",)),
        ({"handling": (Handling.H1,), "handling_note": None}, ("handling", "handling_note")),
        ({"handling_note": "Ask later."}, ("handling_note",)),
        ({"releasable_to": ()}, ("releasable_to",)),
        ({"releasable_to": ("kz-mvd", "kz-nbk")}, ("releasable_to",)),
        ({"releasable_to": (), "tlp": Tlp.RED}, ()),
        ({"originator_control": False}, ("releasable_to", "originator_control")),
    ],
)
def test_a_looser_label_is_told_part_by_part(change: dict[str, Any], parts: tuple[str, ...]) -> None:
    new = Label(**(vars(STRICT) | change))
    assert looser(new, than=STRICT) == parts
    assert at_least_as_strict(new, STRICT) is not bool(parts)
