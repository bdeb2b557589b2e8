from __future__ import annotations

import json
from datetime import UTC, date, datetime
from time import thread_time
from typing import Any

import pytest

from hub.errors import Refused
from hub.records.ids import new_id
from hub.records.kinds import Action, Kind, Purpose
from hub.records.problems import MAX_PROBLEMS
from hub.records.record import Record, check_record, load_record
from hub.records.template import template
from tests.records.changes import GONE, Path, changed, written

SECRET_WORD = "Zqxjkv"


def wanted() -> dict[str, Any]:
    return template(Kind.WANTED_PERSON)


def sole_problem(document: Any) -> str:
    problems = check_record(document)
    assert len(problems) == 1, list(map(str, problems))
    return str(problems[0])


def with_word(path: Path) -> dict[str, Any]:
    return changed(wanted(), path, SECRET_WORD)


def test_a_loaded_record_tells_what_its_document_says() -> None:
    document = template(Kind.ASSISTANCE_REQUEST) | {
        "created_at": "2026-03-31T19:05:00+05:00",
        "reply_due_at": "2026-04-30T14:05:00Z",
        "review_on": "2027-01-01",
        "grading": {"scale": "4x4", "source": "B", "information": "2"},
        "attachments": [
            {"digest": "ab" * 32, "name": "план.pdf", "media_type": "application/pdf", "size_bytes": 5}
        ],
    }
    record = load_record(document)
    assert record.kind is Kind.ASSISTANCE_REQUEST
    assert record.action is Action.NEW
    assert record.created_at == datetime(2026, 3, 31, 14, 5, tzinfo=UTC)
    assert record.document["created_at"] == "2026-03-31T14:05:00Z"
    assert record.reply_due_at == datetime(2026, 4, 30, 14, 5, tzinfo=UTC)
    assert record.review_on == date(2027, 1, 1)
    assert record.grading is not None
    assert record.grading.source == "B"
    assert record.legal_basis.agreement == "cis-1999"
    assert record.legal_basis.articles == ("5(1)(a)", "5(1)(b)")
    assert record.purpose is Purpose.INVESTIGATION
    assert record.attachments[0].name == "план.pdf"
    assert record.subjects[0]["type"] == "person"
    assert record.label.as_document() == document["label"]


def test_a_records_content_stays_out_of_its_repr() -> None:
    record = load_record(changed(wanted(), ("narrative",), SECRET_WORD))
    assert SECRET_WORD not in repr(record)
    assert "МЫСАЛОВ" not in repr(record)


def test_text_is_kept_in_nfc_throughout() -> None:
    document = changed(wanted(), ("subjects", 0, "names", 0, "text"), "И\u0306осиф  ")
    assert load_record(document).document["subjects"][0]["names"][0]["text"] == "Йосиф"


def test_attachments_may_be_left_out_and_are_then_none() -> None:
    record = load_record(changed(wanted(), ("attachments",), GONE))
    assert record.attachments == ()
    assert record.document["attachments"] == []


@pytest.mark.parametrize(
    "path",
    [
        ("nmae",),
        ("label", "nmae"),
        ("legal_basis", "nmae"),
        ("subjects", 0, "nmae"),
        ("subjects", 0, "names", 1, "nmae"),
        ("details", "nmae"),
        ("details", "charges", 0, "law", "nmae"),
    ],
)
def test_unknown_fields_are_refused_everywhere(path: Path) -> None:
    assert sole_problem(with_word(path)) == f"{written(path)}: is not a field here"


@pytest.mark.parametrize(
    "path",
    [("id",), ("purpose",), ("label", "tlp"), ("legal_basis", "articles"), ("details", "warrant", "number")],
)
def test_a_missing_field_is_named_with_what_is_expected(path: Path) -> None:
    assert sole_problem(changed(wanted(), path, GONE)).startswith(f"{written(path)}: is missing; expected ")


def test_null_is_not_an_absent_field() -> None:
    assert sole_problem(changed(wanted(), ("grading",), None)).startswith("grading: is null; expected ")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("subjects", 0, "names", 1, "text"), "a\u202eb", "(U+202E) at character 2"),
        (("subjects", 0, "names", 1, "text"), "a\nb", "a control or hidden character (U+000A)"),
        (("subjects", 0, "names", 1, "text"), 7, "it is a whole number"),
        (("subjects", 0, "names", 1), [], "expected an object"),
        (("subjects", 0, "names"), {}, "it is an object"),
        (("subjects", 0, "type"), "ghost", "expected one of person, organisation"),
        (("subjects", 0, "type"), ["person"], "expected one of person, organisation"),
        (("subjects", 0), "person", "it is text"),
        (("narrative",), "x" * 100_001, "it has 100,001"),
        (("version",), 1.0, "it is a decimal number"),
        (("version",), 10**30, "it lies outside"),
        (("details",), "none", "expected an object"),
        (("created_at",), "2026-03-31T14:05:00", "expected a time with its offset"),
        (("language",), "Russian", "expected a language code"),
        (("originator",), "KNB", "expected the id of an agency"),
    ],
)
def test_a_problem_says_where_and_what_is_expected(path: Path, value: Any, said: str) -> None:
    problem = sole_problem(changed(wanted(), path, value))
    where = written((*path, "type") if path[-1] == "type" else path).replace(".type.type", ".type")
    assert problem.startswith(f"{where}: ")
    assert said in problem


def test_a_refusal_repeats_nothing_of_the_content() -> None:
    document = wanted()
    places: list[Path] = [
        ("originator",),
        ("language",),
        ("subjects", 0, "names", 0, "script"),
        ("subjects", 0, "sex"),
        ("details", "search_category"),
        ("details", "warrant", "country"),
        (SECRET_WORD,),
        ("details", SECRET_WORD),
        ("label", "classification"),
    ]
    for path in places:
        document = changed(document, path, SECRET_WORD)
    with pytest.raises(Refused) as refusal:
        load_record(document)
    said = str(refusal.value) + "".join(map(str, check_record(document)))
    assert SECRET_WORD not in said
    assert len(check_record(document)) == len(places)


def test_an_unknown_field_with_a_hostile_name_is_told_without_the_name() -> None:
    assert sole_problem(wanted() | {"a\u202eb c": 1}) == "*: is not a field here"


# codes


def test_what_does_not_fit_is_refused_as_record_invalid_with_its_problems() -> None:
    with pytest.raises(Refused) as refusal:
        load_record(changed(changed(wanted(), ("language",), 1), ("purpose",), 1))
    assert refusal.value.code == "record-invalid"
    assert [problem.path for problem in refusal.value.details["problems"]] == ["purpose", "language"]  # type: ignore[attr-defined]
    assert refusal.value.sentence.endswith("(1 more).")


@pytest.mark.parametrize("kind", ["arrest-warrant", "", None, 7, ["notice"], {}])
def test_an_unknown_kind_is_refused_as_kind_unknown(kind: Any) -> None:
    with pytest.raises(Refused) as refusal:
        load_record(wanted() | {"kind": kind})
    assert refusal.value.code == "kind-unknown"
    assert check_record(wanted() | {"kind": kind})[0].path == "kind"


def test_a_record_above_the_limit_is_refused_as_record_too_large() -> None:
    document = wanted()
    size = len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    load_record(document, max_bytes=size)
    with pytest.raises(Refused) as refusal:
        load_record(document, max_bytes=size - 1)
    assert refusal.value.code == "record-too-large"
    assert f"at most {size - 1:,} bytes" in refusal.value.sentence


@pytest.mark.parametrize(
    "document", [None, [], "record", 7, {}, {"kind": "notice"}, {1: 2}, {"kind": object()}]
)
def test_checking_never_raises(document: Any) -> None:
    assert check_record(document)


def test_what_json_cannot_hold_is_refused() -> None:
    circle: dict[str, Any] = wanted()
    circle["details"] = circle
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for document in (circle, wanted() | {"deep": deep}):
        assert "expected plain JSON" in sole_problem(document)
    assert "something that JSON does not have" in sole_problem(wanted() | {"narrative": b"x"})
    assert "U+D800" in sole_problem(wanted() | {"narrative": "a\ud800"})


def test_a_flood_of_errors_is_refused_at_once_and_told_in_part() -> None:
    started = thread_time()
    strays = {f"field_{number}": 0 for number in range(40_000)}
    assert sole_problem(wanted() | strays).startswith("expected at most 20 fields; it has 40,0")
    empty: dict[str, Any] = {}
    crowd = [{"type": "person", "names": [empty] * 100, "documents": [empty] * 60}] * 1000
    problems = check_record(wanted() | {"subjects": crowd})
    assert len(problems) == MAX_PROBLEMS + 1
    assert str(MAX_PROBLEMS) in problems[-1].sentence
    assert thread_time() - started < 2


# the head's rules


def later(action: str, **change: Any) -> dict[str, Any]:
    return wanted() | {"version": 2, "action": action} | change


def test_version_1_and_the_action_new_go_together() -> None:
    assert not check_record(later("correction"))
    for version, action in ((1, "correction"), (1, "withdrawal"), (2, "new")):
        change: dict[str, Any] = {"version": version, "action": action}
        if action == "withdrawal":
            change["details"] = {"reason": "sent in error"}
        assert sole_problem(wanted() | change).startswith("action: ")


def test_a_withdrawal_needs_its_reason_and_nothing_of_the_kind() -> None:
    recall = later(
        "withdrawal", details={"reason": "sent in error"}, subjects=[], narrative="", attachments=[]
    )
    record: Record = load_record(recall)
    assert record.action is Action.WITHDRAWAL
    assert record.details == {"reason": "sent in error"}
    assert sole_problem(recall | {"details": {}}).startswith("details.reason: is missing")
    assert "details.search_file: is not a field here" in map(str, check_record(later("withdrawal")))


def test_an_answer_says_what_it_answers() -> None:
    answer = changed(template(Kind.ASSISTANCE_ANSWER), ("in_reply_to",), GONE)
    assert sole_problem(answer).startswith("in_reply_to: is missing")


def test_a_record_does_not_answer_itself() -> None:
    document = wanted()
    assert "names this one" in sole_problem(document | {"in_reply_to": document["id"]})
    assert not check_record(document | {"in_reply_to": new_id()})


def test_a_reply_is_due_after_the_record_was_made() -> None:
    document = wanted()
    assert sole_problem(document | {"reply_due_at": document["created_at"]}).startswith("reply_due_at: ")


def test_a_record_is_reviewed_before_it_is_erased() -> None:
    dates = {"review_on": "2030-01-02", "retain_until": "2030-01-01"}
    assert sole_problem(wanted() | dates).startswith("review_on: ")
    assert not check_record(wanted() | dates | {"retain_until": "2030-01-02"})


def test_links_lead_to_subjects_of_the_same_record() -> None:
    document = template(Kind.GROUP_PROFILE)
    assert "leads nowhere" in sole_problem(changed(document, ("subjects", 1, "links", 0, "to"), "group-2"))
    assert "the same" in sole_problem(changed(document, ("subjects", 1, "key"), "group-1"))


def test_biometrics_are_attachments_of_the_record() -> None:
    sample = {"biometric_type": "face", "attachment": "cd" * 32}
    document = changed(wanted(), ("subjects", 0, "biometrics"), [sample])
    assert sole_problem(document).startswith("attachments: ")
    file = {"digest": "cd" * 32, "name": "face.jpg", "media_type": "image/jpeg", "size_bytes": 9}
    assert not check_record(document | {"attachments": [file]})
    assert "the same" in sole_problem(document | {"attachments": [file, file]})
    for name in ("../face.jpg", "a\\b", ".."):
        assert sole_problem(document | {"attachments": [file | {"name": name}]}).startswith(
            "attachments[0].name: "
        )


def test_a_bound_that_a_caller_knows_spares_the_count_but_not_the_limit() -> None:
    document = template(Kind.DESIGNATION)
    assert load_record(document, max_bytes=10_000, at_most_bytes=9_000).document == document
    assert load_record(document, max_bytes=10_000, at_most_bytes=20_000).document == document
    with pytest.raises(Refused) as caught:
        load_record(document, max_bytes=100, at_most_bytes=20_000)
    assert caught.value.code == "record-too-large"
