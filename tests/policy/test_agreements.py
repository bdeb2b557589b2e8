from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.profiles import parse_profile
from hub.errors import Refused
from hub.policy import load_agreement
from hub.policy.cases import load_table
from hub.records.kinds import Kind
from tests.policy.samples import AGREEMENT, FLOW, TEXT


def refused(text: str) -> str:
    with pytest.raises(Refused) as caught:
        load_agreement(text)
    assert caught.value.code == "agreement-invalid"
    return caught.value.sentence


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


def test_a_file_says_what_the_dataclass_holds() -> None:
    assert load_agreement(TEXT) == AGREEMENT


def test_optional_keys_are_read() -> None:
    text = changed(
        'handling = ["H1"]',
        'caveats = ["Not as evidence."]\nreply_days = { assistance-request = 30 }\nretention_days = 365',
    ).replace("in_force_from = 2000-12-05", "in_force_from = 2000-12-05\nin_force_until = 2030-01-01")
    agreement = load_agreement(text)
    (flow,) = agreement.flows
    assert agreement.in_force_until == date(2030, 1, 1)
    assert flow.caveats == ("Not as evidence.",)
    assert flow.reply_days == {Kind.ASSISTANCE_REQUEST: 30}
    assert flow.retention_days == 365
    assert flow.handling == frozenset()


def test_without_tlp_the_colour_is_left_to_the_label() -> None:
    assert load_agreement(changed('tlp = ["amber", "red"]\n', "")).flows[0].tlp is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version = 1", 'version = 1\nsuites = ["x"]', "suites: is not a field here"),
        (
            'highest = "confidential"',
            'highest = "confidential"\nlowest = "x"',
            "flows[0].lowest: is not a field",
        ),
        ('about = "Exchange', 'text = "x"\nabout = "Exchange', "articles[0].text: is not a field here"),
        ('id = "cis-1999"', 'id = "CIS 1999"', "id: expected a short name"),
        ("version = 1\n", "", "version: is missing"),
        ("version = 1\n", "version = 0\n", "version: expected a whole number from 1"),
        ("version = 1\n", "version = true\n", "version: expected a whole number"),
        ("in_force_from = 2000-12-05\n", "", "in_force_from: is missing"),
        ("2000-12-05", '"2000-12-05"', "in_force_from: expected a date without quotes"),
        ("2000-12-05", "2000-12-05T00:00:00Z", "in_force_from: expected a date without quotes"),
        ("2000-12-05", "2000-12-05\nin_force_until = 1999-01-01", "in_force_until is before in_force_from"),
        ('parties = ["kz-knb", "cis-atc"]', 'parties = ["kz-knb"]', "parties: expected a list of 2 to 64"),
        (
            'parties = ["kz-knb", "cis-atc"]',
            'parties = ["kz-knb", "ATC"]',
            "parties[1]: expected the id of an",
        ),
        ('"cis-atc"]\nin', '"kz-knb"]\nin', "parties has kz-knb more than once"),
        ('to = ["cis-atc"]', 'to = ["kg-gknb"]', "names kg-gknb, which is not among the parties"),
        ('to = ["cis-atc"]', 'to = ["kz-knb"]', "kz-knb is both sender and recipient"),
        ('articles = ["5"]', 'articles = ["6"]', "rests on article 6, which is not among the articles"),
        ('"assistance-request", "des', '"assistance-wish", "des', "flows[0].kinds[0]: expected one of"),
        (
            'kinds = ["assistance-request", "designation"]',
            "kinds = []",
            "flows[0].kinds: expected a list of 1",
        ),
        ('by_rule = ["designation"]', 'by_rule = ["delisting"]', "by_rule has delisting, which is not among"),
        ('["investigation"]', '["curiosity"]', "flows[0].purposes[0]: expected one of"),
        ('["ru", "kk"]', '["russian"]', "flows[0].languages[0]: expected a language code"),
        ('highest = "confidential"', 'highest = "cosmic"', "flows[0].highest: expected one of"),
        ('tlp = ["amber", "red"]', 'tlp = ["blue"]', "flows[0].tlp[0]: expected one of"),
        ('tlp = ["amber", "red"]', "tlp = []", "flows[0].tlp: expected a list of 1"),
        ('handling = ["H1"]', 'handling = ["H9"]', "flows[0].handling[0]: expected one of"),
        (
            'handling = ["H1"]',
            "reply_days = { designation = 0 }",
            "flows[0].reply_days.designation: expected",
        ),
        ('handling = ["H1"]', "reply_days = { notice = 9 }", "reply_days has notice, which is not among"),
        ('handling = ["H1"]', "retention_days = 1.5", "flows[0].retention_days: expected a whole number"),
        ('title = "Treaty"', 'title = "Trea\\u202Ety"', "title: expected one line of text"),
        ("[[flows]]", "[flows]", "flows: expected a list of 1"),
        ('id = "cis-1999"', "id = ", "it is not TOML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(old: str, new: str, says: str) -> None:
    assert says in refused(changed(old, new))


def test_all_that_is_wrong_is_told_at_once() -> None:
    sentence = refused(changed("version = 1\n", "version = 0\n").replace('"confidential"', '"cosmic"'))
    assert "version:" in sentence
    assert "flows[0].highest:" in sentence


def test_two_flows_for_one_sender_and_recipient_are_refused() -> None:
    flow = TEXT[TEXT.index("[[flows]]") :]
    assert "flows has kz-knb to cis-atc more than once" in refused(TEXT + flow)


def test_a_file_beyond_the_limit_is_refused_before_it_is_parsed() -> None:
    assert "larger than 65,536 bytes" in refused("#" * 65_537)


@pytest.mark.parametrize(
    "source",
    [
        "a = " + "[" * 20_000 + "]" * 20_000,
        "a = " + "{a = " * 9_000 + "1" + "}" * 9_000,
        ".".join("a" * 20_000) + " = 1",
        "a = " + "9" * 5_000,
        "a = 0x" + "f" * 5_000,
        "a = '\ud800'",
    ],
    ids=["lists", "tables", "dotted names", "a long number", "in base 16", "half a surrogate pair"],
)
def test_toml_that_is_built_to_break_its_reader_is_refused(source: str) -> None:
    assert refused(source)
    for read, code in ((load_table, "cases-invalid"), (parse_profile, "adapter-invalid")):
        with pytest.raises(Refused) as failure:
            read(source)
        assert failure.value.code == code


def test_flow_is_found_by_direction() -> None:
    assert AGREEMENT.flow("kz-knb", "cis-atc") is FLOW
    assert AGREEMENT.flow("cis-atc", "kz-knb") is None
    assert AGREEMENT.flow("kz-knb", "kg-gknb") is None


def test_agreement_holds_from_its_first_to_its_last_day() -> None:
    agreement = replace(AGREEMENT, in_force_until=date(2026, 12, 31))
    assert [agreement.holds_on(date(2000, 12, d)) for d in (4, 5)] == [False, True]
    assert agreement.holds_on(date(2026, 12, 31))
    assert not agreement.holds_on(date(2027, 1, 1))
    assert AGREEMENT.holds_on(date(2199, 1, 1))


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    assert refused(text).startswith("The agreement cannot be used: ")


def test_a_flow_checks_itself_when_made() -> None:
    with pytest.raises(ValueError, match="both sender and recipient"):
        replace(FLOW, recipients=FLOW.senders)
