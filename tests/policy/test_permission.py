from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.entries import Direction
from hub.policy import Agreement, Article, Deny, Flow, Permit, Question, flows_by_rule, permit
from hub.policy.permission import articles_for
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Handling, Label, Tlp
from tests.amounts import examples
from tests.policy.samples import AGREEMENT, FLOW, LABEL, NOON, QUESTION, agreed, asked, labelled


def codes(question: Question, *agreements: Agreement, suspended: bool = False) -> list[str]:
    decision = permit(question, agreements or (AGREEMENT,), suspended=suspended)
    return [reason.code for reason in decision.reasons] if isinstance(decision, Deny) else []


def test_what_the_agreement_covers_is_permitted_under_its_article() -> None:
    assert permit(QUESTION, [AGREEMENT], suspended=False) == Permit(clause="cis-1999 art. 5")


def test_without_any_agreement_nothing_goes() -> None:
    decision = permit(QUESTION, [], suspended=False)
    assert isinstance(decision, Deny)
    assert decision.reasons[0].code == "agreement-missing"


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (asked(agreement=None), "agreement-missing"),
        (asked(agreement="other-2001"), "agreement-missing"),
        (asked(counterparty="kg-gknb"), "agreement-missing"),
        (asked(direction=Direction.IN, originator="cis-atc"), "agreement-missing"),
        (asked(counterparty="kz-knb"), "agreement-missing"),
        (asked(at=datetime(2000, 12, 4, 23, 59, tzinfo=UTC)), "agreement-not-in-force"),
        (asked(articles=("5", "99")), "article-not-agreed"),
        (asked(kind=Kind.NOTICE), "kind-not-agreed"),
        (asked(purpose="prosecution"), "purpose-not-agreed"),
        (asked(purpose="not-a-purpose"), "purpose-not-agreed"),
        (asked(language="en"), "language-not-agreed"),
        (asked(language=""), "language-not-agreed"),
        (labelled(classification=Classification.SECRET), "classification-not-agreed"),
        (labelled(tlp=Tlp.GREEN), "tlp-not-agreed"),
        (labelled(handling=(Handling.H2,)), "handling-not-agreed"),
        (labelled(releasable_to=("kg-gknb",)), "not-releasable"),
        (labelled(tlp=Tlp.RED), "not-releasable"),
        (asked(originator="kg-gknb"), "third-party-rule"),
    ],
)
def test_each_rule_denies_on_its_own(question: Question, code: str) -> None:
    assert codes(question) == [code]


def test_an_unknown_article_is_named_with_those_there_are() -> None:
    decision = permit(asked(articles=("99",)), [AGREEMENT], suspended=False)
    assert isinstance(decision, Deny)
    assert decision.reasons[0].sentence == "cis-1999 has no article 99; it has 5."


def test_a_record_cites_an_article_under_which_it_goes_there() -> None:
    more = Article(number="6", about="Exchange of experience")
    two = replace(AGREEMENT, articles=(*AGREEMENT.articles, more))
    assert codes(asked(articles=("6",)), two) == ["article-not-agreed"]
    assert codes(asked(articles=("5", "6")), two) == []
    decision = permit(asked(articles=("6",)), [two], suspended=False)
    assert isinstance(decision, Deny)
    assert decision.reasons[0].sentence == (
        "Under article 6 of cis-1999 nothing goes from kz-knb to cis-atc; it goes under 5."
    )
    assert decision.reasons[0].clause == "cis-1999 art. 5"


def test_what_goes_back_rests_on_the_articles_of_that_way() -> None:
    back = replace(FLOW, senders=FLOW.recipients, recipients=FLOW.senders, articles=("6", "7"))
    named = tuple(Article(number=one, about="Exchange") for one in ("5", "6", "7"))
    two = replace(AGREEMENT, articles=named, flows=(FLOW, back))
    told: dict[str, Any] = {"sender": "cis-atc", "recipient": "kz-knb"}
    assert articles_for([two], "cis-1999", cited=("5", "7"), **told) == ("7",)
    assert articles_for([two], "cis-1999", cited=("5",), **told) == ("6", "7")
    assert articles_for([two], "other", cited=("5",), **told) == ("5",)


def test_a_suspended_partner_gets_nothing() -> None:
    assert codes(QUESTION, suspended=True) == ["partner-suspended"]


def test_what_comes_in_is_asked_of_the_other_direction() -> None:
    question = asked(direction=Direction.IN, our_agency="cis-atc", counterparty="kz-knb")
    assert permit(question, [AGREEMENT], suspended=False) == Permit(clause="cis-1999 art. 5")


def test_what_comes_in_must_be_releasable_to_us() -> None:
    inward = asked(direction=Direction.IN, our_agency="cis-atc", counterparty="kz-knb")
    to_us, to_them = (replace(LABEL, releasable_to=(who,)) for who in ("cis-atc", "kz-knb"))
    assert codes(replace(inward, label=to_us)) == []
    assert codes(replace(inward, label=to_them)) == ["not-releasable"]


def test_a_partner_cannot_hand_us_the_record_of_another() -> None:
    question = asked(
        direction=Direction.IN, our_agency="cis-atc", counterparty="kz-knb", originator="kg-gknb"
    )
    assert codes(question) == ["third-party-rule"]


@pytest.mark.parametrize("control", [True, False])
def test_a_record_of_another_originator_is_never_passed_on(control: bool) -> None:
    question = replace(labelled(originator_control=control), originator="kg-gknb")
    assert codes(question) == ["third-party-rule"]


def shown_on(**label: Any) -> list[str]:
    """Ask whether what kg-gknb sent us may be shown to the member kz-mvd."""
    domestic = replace(
        AGREEMENT,
        id="kz-domestic",
        parties=("kz-knb", "kz-mvd"),
        flows=(replace(FLOW, recipients=frozenset({"kz-mvd"}), tlp=None, handling=frozenset(Handling)),),
    )
    question = asked(
        originator="kg-gknb", counterparty="kz-mvd", agreement=None, label=replace(LABEL, **label)
    )
    return codes(question, AGREEMENT, domestic)


def test_what_came_in_is_shown_on_to_a_member_under_any_agreement_with_it() -> None:
    assert shown_on() == []
    assert codes(asked(originator="kg-gknb", counterparty="kz-mvd", agreement=None)) == ["agreement-missing"]


def test_of_several_agreements_with_a_member_one_that_allows_it_is_enough() -> None:
    flow = replace(FLOW, recipients=frozenset({"kz-mvd"}))
    wide = replace(AGREEMENT, id="kz-wide", parties=("kz-knb", "kz-mvd"), flows=(flow,))
    narrow = replace(wide, id="kz-narrow", flows=(replace(flow, languages=frozenset({"zh"})),))
    question = asked(originator="kg-gknb", counterparty="kz-mvd", agreement=None)
    assert codes(question, wide, narrow) == codes(question, narrow, wide) == []
    assert codes(question, narrow) == ["language-not-agreed"]


def test_originator_control_keeps_what_came_in_from_members() -> None:
    assert shown_on(originator_control=True, releasable_to=("kz-mvd",)) == ["third-party-rule"]


@pytest.mark.parametrize("label", [{"tlp": Tlp.AMBER_STRICT}, {"handling": (Handling.H2,)}])
def test_strict_labels_are_shown_on_to_those_they_name_alone(label: dict[str, Any]) -> None:
    assert shown_on(**label) == ["third-party-rule"]
    assert shown_on(**label, releasable_to=("kz-mvd",)) == []
    assert shown_on(**label, releasable_to=("kz-nbk",)) == ["third-party-rule", "not-releasable"]


def test_red_is_shown_on_to_those_named_alone() -> None:
    assert shown_on(tlp=Tlp.RED) == ["third-party-rule", "not-releasable"]
    assert shown_on(tlp=Tlp.RED, releasable_to=("kz-mvd",)) == []


def test_what_comes_in_without_naming_an_agreement_is_denied() -> None:
    inward = asked(direction=Direction.IN, our_agency="cis-atc", counterparty="kz-knb", agreement=None)
    assert codes(inward) == ["agreement-missing"]
    assert codes(replace(inward, originator="kg-gknb")) == ["agreement-missing", "third-party-rule"]


def test_red_goes_to_those_the_label_names() -> None:
    assert codes(labelled(tlp=Tlp.RED, releasable_to=("cis-atc", "kg-gknb"))) == []


def test_all_rules_that_fail_are_named_with_sentence_and_clause() -> None:
    question = asked(
        kind=Kind.NOTICE,
        purpose="search",
        language="fr",
        originator="kg-gknb",
        at=datetime(1999, 1, 1, tzinfo=UTC),
        label=Label(
            classification=Classification.TOP_SECRET,
            tlp=Tlp.GREEN,
            handling=(Handling.H1, Handling.H2),
            releasable_to=("kg-gknb",),
        ),
    )
    decision = permit(question, [AGREEMENT], suspended=True)
    assert isinstance(decision, Deny)
    assert [(reason.code, reason.clause) for reason in decision.reasons] == [
        ("agreement-not-in-force", "cis-1999"),
        ("kind-not-agreed", "cis-1999 art. 5"),
        ("purpose-not-agreed", "cis-1999 art. 5"),
        ("language-not-agreed", "cis-1999 art. 5"),
        ("classification-not-agreed", "cis-1999 art. 5"),
        ("tlp-not-agreed", "cis-1999 art. 5"),
        ("handling-not-agreed", "cis-1999 art. 5"),
        ("partner-suspended", None),
        ("third-party-rule", None),
        ("not-releasable", None),
    ]
    assert decision.reasons[1].sentence == (
        "cis-1999 does not let kind notice go from kz-knb to cis-atc; "
        "agreed: assistance-request, designation."
    )


def test_the_day_is_counted_in_utc() -> None:
    almaty = timezone(timedelta(hours=5))
    assert codes(asked(at=datetime(2000, 12, 5, 4, 59, tzinfo=almaty))) == ["agreement-not-in-force"]
    assert codes(asked(at=datetime(2000, 12, 5, 5, 0, tzinfo=almaty))) == []


def test_a_question_without_time_zone_is_not_asked() -> None:
    with pytest.raises(ValueError, match="aware"):
        asked(at=datetime(2026, 3, 31, 12, 0))  # noqa: DTZ001


def test_of_two_versions_the_higher_decides() -> None:
    ended = replace(AGREEMENT, version=2, in_force_until=date(2020, 1, 1))
    assert codes(QUESTION, AGREEMENT, ended) == ["agreement-not-in-force"]
    assert codes(QUESTION, ended, AGREEMENT) == ["agreement-not-in-force"]


def test_kinds_by_rule_need_no_second_officer() -> None:
    question = asked(kind=Kind.DESIGNATION)
    assert flows_by_rule(question, [AGREEMENT]) == Permit(clause="cis-1999 art. 5")


def test_other_kinds_need_a_second_officer() -> None:
    decision = flows_by_rule(QUESTION, [AGREEMENT])
    assert isinstance(decision, Deny)
    assert [reason.code for reason in decision.reasons] == ["four-eyes"]


def test_what_may_not_go_does_not_flow_by_rule_either() -> None:
    decision = flows_by_rule(asked(kind=Kind.DESIGNATION, language="en"), [AGREEMENT])
    assert isinstance(decision, Deny)
    assert [reason.code for reason in decision.reasons] == ["language-not-agreed"]


few = settings(max_examples=examples(40), deadline=None)

AGENCIES = ["kz-knb", "cis-atc", "kg-gknb"]
COLOURS = [colour for colour in Tlp if colour is not Tlp.CLEAR]

labels = st.builds(
    Label,
    classification=st.sampled_from([c for c in Classification if c is not Classification.UNCLASSIFIED]),
    tlp=st.sampled_from(COLOURS),
    handling=st.sampled_from([(), (Handling.H0,), (Handling.H1,), (Handling.H1, Handling.H2)]),
    releasable_to=st.lists(st.sampled_from(AGENCIES), unique=True).map(tuple),
    originator_control=st.booleans(),
)
questions = st.builds(
    Question,
    kind=st.sampled_from([Kind.ASSISTANCE_REQUEST, Kind.DESIGNATION, Kind.NOTICE]),
    purpose=st.sampled_from(["investigation", "search", ""]),
    language=st.sampled_from(["ru", "kk", "fr"]),
    label=labels,
    originator=st.sampled_from(AGENCIES),
    counterparty=st.sampled_from(AGENCIES),
    direction=st.sampled_from(Direction),
    agreement=st.sampled_from(["cis-1999", "cis-1999", None, "other"]),
    at=st.dates(date(1999, 1, 1), date(2030, 1, 1)).map(
        lambda d: datetime(d.year, d.month, d.day, tzinfo=UTC)
    ),
    our_agency=st.sampled_from(AGENCIES),
)


@st.composite
def flows(draw: Callable[..., Any]) -> Flow:
    sender, recipient = draw(st.permutations(AGENCIES))[:2]
    kinds = draw(st.frozensets(st.sampled_from([Kind.ASSISTANCE_REQUEST, Kind.DESIGNATION]), min_size=1))
    return replace(
        FLOW,
        senders=frozenset({sender}),
        recipients=frozenset({recipient}),
        kinds=kinds,
        by_rule=draw(st.frozensets(st.sampled_from(sorted(kinds, key=lambda k: k.value)))),
        purposes=draw(st.frozensets(st.sampled_from([Purpose.INVESTIGATION, Purpose.SEARCH]), min_size=1)),
        languages=draw(st.frozensets(st.sampled_from(["ru", "kk"]), min_size=1)),
        highest=draw(st.sampled_from([c for c in Classification if c is not Classification.UNCLASSIFIED])),
        tlp=draw(st.none() | st.frozensets(st.sampled_from(COLOURS), min_size=1)),
        handling=draw(st.frozensets(st.sampled_from(Handling))),
    )


FIELDS = ["kind", "purpose", "language", "label", "originator", "counterparty", "agreement", "at"]


@st.composite
def cases(draw: Callable[..., Any]) -> tuple[Question, Agreement]:
    """Draw an agreement and a question that fits it, or shows a record on, but for up to two things."""
    flow = draw(flows())
    agreement = replace(AGREEMENT, parties=tuple(AGENCIES), flows=(flow,))
    (sender,), (recipient,) = flow.senders, flow.recipients
    direction = draw(st.sampled_from(Direction))
    other = draw(questions)
    colours = sorted(flow.tlp or COLOURS, key=lambda t: t.value)
    fitting = Question(
        kind=draw(st.sampled_from(sorted(flow.kinds, key=lambda k: k.value))),
        purpose=draw(st.sampled_from(sorted(p.value for p in flow.purposes))),
        language=draw(st.sampled_from(sorted(flow.languages))),
        label=Label(
            classification=flow.highest,
            tlp=draw(st.sampled_from(colours)),
            releasable_to=draw(st.sampled_from([(), (recipient,)])),
            originator_control=draw(st.booleans()),
        ),
        originator=sender,
        counterparty=recipient if direction is Direction.OUT else sender,
        direction=direction,
        agreement=agreement.id,
        at=NOON,
        our_agency=sender if direction is Direction.OUT else recipient,
    )
    if draw(st.integers(0, 3)) == 0:
        (third,) = set(AGENCIES) - {sender, recipient}
        fitting = replace(fitting, originator=third, agreement=None)
    loose = draw(st.lists(st.sampled_from(FIELDS), max_size=2))
    return replace(fitting, **{name: getattr(other, name) for name in loose}), agreement


def is_permitted(question: Question, agreement: Agreement, *, suspended: bool = False) -> bool:
    return isinstance(permit(question, [agreement], suspended=suspended), Permit)


@few
@given(questions, st.booleans())
def test_no_question_is_permitted_without_an_agreement(question: Question, suspended: bool) -> None:
    assert isinstance(permit(question, [], suspended=suspended), Deny)
    assert isinstance(flows_by_rule(question, []), Deny)


@few
@given(cases())
def test_only_the_agreement_that_the_record_names_permits(case: tuple[Question, Agreement]) -> None:
    question, agreement = case
    if is_permitted(question, agreement):
        assert question.agreement == agreement.id or question.shown_on
        assert question.shown_on or not is_permitted(question, replace(agreement, id="renamed"))


@few
@given(cases())
def test_what_is_under_originator_control_never_goes_on(case: tuple[Question, Agreement]) -> None:
    question, agreement = case
    controlled = replace(question, label=replace(question.label, originator_control=True))
    if is_permitted(controlled, agreement):
        assert question.originator == question.sender


@few
@given(cases(), st.booleans())
def test_a_deny_always_says_why(case: tuple[Question, Agreement], suspended: bool) -> None:
    question, agreement = case
    for decision in (
        permit(question, [agreement], suspended=suspended),
        flows_by_rule(question, [agreement]),
    ):
        if isinstance(decision, Deny):
            assert decision.reasons
            assert all(reason.sentence.endswith(".") for reason in decision.reasons)


@few
@given(cases())
def test_what_flows_by_rule_is_permitted(case: tuple[Question, Agreement]) -> None:
    question, agreement = case
    if isinstance(flows_by_rule(question, [agreement]), Permit):
        assert is_permitted(question, agreement)


def tighter(flow: Flow) -> list[Flow]:
    """Return the flow with each of its restrictions drawn tighter, where there is room."""
    rank = flow.highest.rank
    narrowed = [
        replace(flow, tlp=(flow.tlp or frozenset(Tlp)) - {Tlp.AMBER}),
        replace(flow, handling=frozenset()),
        replace(flow, purposes=flow.purposes - {Purpose.INVESTIGATION}),
        replace(flow, languages=flow.languages - {"ru"}),
        replace(flow, kinds=flow.kinds - {Kind.DESIGNATION}, by_rule=flow.by_rule - {Kind.DESIGNATION}),
    ]
    return narrowed + [replace(flow, highest=level) for level in Classification if level.rank == rank - 1]


@few
@given(cases())
def test_a_restriction_added_to_the_agreement_never_loosens(case: tuple[Question, Agreement]) -> None:
    question, agreement = case
    if not is_permitted(question, agreement):
        for flow in tighter(agreement.flows[0]):
            assert not is_permitted(question, replace(agreement, flows=(flow,)))
        ended = replace(agreement, in_force_until=date(2010, 1, 1))
        assert not is_permitted(question, ended)
        assert not is_permitted(question, agreement, suspended=True)


@few
@given(cases())
def test_a_stricter_label_never_loosens(case: tuple[Question, Agreement]) -> None:
    question, agreement = case
    if is_permitted(question, agreement):
        return
    stricter = [
        replace(question.label, originator_control=True),
        replace(question.label, releasable_to=("de-bka",)),
        replace(question.label, classification=Classification.TOP_SECRET),
    ]
    if Handling.H0 not in question.label.handling:
        stricter.append(replace(question.label, handling=(Handling.H1, Handling.H2)))
    for label in stricter:
        assert not is_permitted(replace(question, label=label), agreement)


def test_a_flow_without_the_tlp_restriction_takes_any_colour() -> None:
    assert codes(labelled(tlp=Tlp.GREEN), agreed(tlp=None)) == []


def test_h0_asks_nothing_of_the_recipient() -> None:
    assert codes(labelled(handling=(Handling.H0,))) == []
    assert codes(labelled(handling=(Handling.H0,)), agreed(handling=frozenset())) == []
