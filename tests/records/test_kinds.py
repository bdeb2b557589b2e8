from __future__ import annotations

from typing import Any

import pytest

from hub.records.assistance import CHANGES, OUTCOMES
from hub.records.details import SHAPES
from hub.records.kinds import MEANS, PURPOSE_MEANS, Kind, Purpose
from hub.records.record import check_record, load_record
from hub.records.subjects import SUBJECTS
from hub.records.template import template
from tests.records.changes import GONE, Path, changed

#: What a kind does not allow: (kind, what is changed, where the problem is told)
REFUSED: list[tuple[Kind, dict[Path, Any], str]] = [
    (Kind.DESIGNATION, {("details", "measures"): []}, "details.measures"),
    (Kind.DESIGNATION, {("details", "listed_on"): GONE}, "details.listed_on"),
    (Kind.DELISTING, {("details", "delisted_on"): GONE}, "details.delisted_on"),
    (Kind.ASSET_FREEZE, {("details", "frozen"): GONE}, "details.frozen"),
    (Kind.ASSET_FREEZE, {("details", "outcome"): "nothing-held"}, "details.frozen"),
    (Kind.ASSET_FREEZE, {("details", "listing", "reference"): GONE}, "details.listing.reference"),
    (Kind.ASSET_FREEZE, {("details", "frozen", 0, "value", "amount"): 5}, "details.frozen[0].value.amount"),
    (Kind.ASSET_INQUIRY, {("details", "period"): {}}, "details.period"),
    (Kind.ASSET_INQUIRY, {("details", "period", "end"): "2020-01-01"}, "details.period"),
    (Kind.SUSPICIOUS_TRANSACTION, {("details", "threshold", "indices"): 5000}, "details.threshold.indices"),
    (Kind.SUSPICIOUS_TRANSACTION, {("details", "threshold", "party"): "legal"}, "details.threshold.indices"),
    (Kind.SUSPICIOUS_TRANSACTION, {("details", "period", "start"): "2023-01-13"}, "details.period"),
    (Kind.SUSPICIOUS_TRANSACTION, {("details", "period", "end"): GONE}, "details.period"),
    (Kind.SUSPICIOUS_TRANSACTION, {("subjects",): []}, "subjects"),
    (Kind.TRAVEL_BAN, {("details", "law"): GONE}, "details.law"),
    (Kind.TRAVEL_BAN, {("details", "period"): {"end": "2030-01-01"}}, "details.period"),
    (Kind.BORDER_HIT, {("details", "matched"): {}}, "details.matched"),
    (Kind.BORDER_HIT, {("details", "document"): {"document_type": "passport"}}, "details.document"),
    (Kind.BORDER_HIT, {("details", "direction"): "in"}, "details.direction"),
    (Kind.ILLICIT_TRANSPORT_REPORT, {("details", "quarter"): "2026-5"}, "details.quarter"),
    (Kind.ILLICIT_TRANSPORT_REPORT, {("details", "figures"): []}, "details.figures"),
    (Kind.WANTED_PERSON, {("details", "warrant"): GONE}, "details.warrant"),
    (Kind.WANTED_PERSON, {("details", "charges"): []}, "details.charges"),
    (Kind.WANTED_PERSON, {("subjects",): []}, "subjects"),
    (Kind.GROUP_PROFILE, {("details", "strength", "lowest"): 31}, "details.strength"),
    (Kind.TRANSPORT_CHANNEL, {("details", "route", 2): GONE, ("details", "route", 1): GONE}, "details.route"),
    (
        Kind.TRANSPORT_CHANNEL,
        {("details", "route", 1, "place", "coordinates", "latitude"): "91"},
        "details.route[1].place.coordinates.latitude",
    ),
    (Kind.TRANSPORT_CHANNEL, {("subjects", 0, "plate"): GONE}, "subjects[0]"),
    (Kind.ASSISTANCE_REQUEST, {("details", "urgency_reason"): GONE}, "details.urgency_reason"),
    (Kind.ASSISTANCE_REQUEST, {("details", "asked"): []}, "details.asked"),
    (Kind.ASSISTANCE_REQUEST, {("details", "grounds"): GONE}, "details.grounds"),
    (Kind.ASSISTANCE_REQUEST, {("details", "signed_by"): GONE}, "details.signed_by"),
    (Kind.SPONTANEOUS_INFORMATION, {("details", "relevance"): GONE}, "details.relevance"),
    (Kind.WANTED_PERSON, {("details", "charges", 0, "law"): GONE}, "details.charges[0].law"),
    (Kind.NOTICE, {("details", "charges", 0, "offence"): GONE}, "details.charges[0].offence"),
    (Kind.NOTICE, {("details", "colour"): "un-special"}, "details.listing"),
    (Kind.DIFFUSION, {("details", "aim"): "arrest"}, "details.charges"),
    (Kind.SERVICE_NOTICE, {("details", "authority", "officer"): GONE}, "details.authority"),
    (Kind.SERVICE_NOTICE, {("details", "change"): "training-offered"}, "details.course"),
]

PERSON_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"birth_dates": [{"form": "exact"}]}, "subjects[0].birth_dates[0].date"),
    (
        {"birth_dates": [{"form": "exact", "date": "1971", "latest": "1972"}]},
        "subjects[0].birth_dates[0].latest",
    ),
    ({"birth_dates": [{"form": "between", "earliest": "1971"}]}, "subjects[0].birth_dates[0].latest"),
    (
        {"birth_dates": [{"form": "between", "earliest": "1973", "latest": "1971"}]},
        "subjects[0].birth_dates[0]",
    ),
    ({"birth_dates": [{"form": "described"}]}, "subjects[0].birth_dates[0].note"),
    ({"names": []}, "subjects[0].names"),
    ({"addresses": [{}]}, "subjects[0].addresses[0]"),
    ({"look": {}}, "subjects[0].look"),
    ({"nationalities": ["KAZ"]}, "subjects[0].nationalities[0]"),
    ({"sex": "M"}, "subjects[0].sex"),
]

SUBJECTS_THAT_LOAD: list[dict[str, Any]] = [
    {
        "type": "account",
        "number": "bc1qexample",
        "account_type": "crypto",
        "balance_at": "2026-01-01T00:00:00Z",
    },
    {
        "type": "transaction",
        "amount": "15000.00",
        "currency": "USD",
        "at": "2026-01-01T00:00:00Z",
        "transaction_type": "remittance",
        "threshold": {"party": "legal", "indices": 5000, "index": {"amount": "4325", "currency": "KZT"}},
    },
    {"type": "vehicle", "vin": "1M8GDM9AXKP042788", "year": 1999},
    {"type": "vessel", "name": "Ülgi", "imo": "9074729", "flag": "KZ"},
    {
        "type": "weapon",
        "weapon_type": "ammunition",
        "quantity": "200",
        "unit": "rounds",
        "calibre": "7.62x39",
    },
    {"type": "place", "coordinates": {"latitude": "43.2567", "longitude": "76.9286"}},
    {
        "type": "person",
        "names": [{"text": "王小明", "script": "Hans", "form": "original"}],
        "birth_dates": [
            {"form": "between", "earliest": "1968", "latest": "1973"},
            {"form": "approximate", "date": "1970-06"},
            {"form": "described", "note": "24/06/1402 (Hijri Calendar)"},
        ],
    },
]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_shape_a_meaning_and_a_template_that_loads_as_it_is(kind: Kind) -> None:
    document = template(kind)
    assert check_record(document) == []
    assert load_record(document).document == document
    assert load_record(document).kind is kind
    assert set(SHAPES) == set(MEANS) == set(Kind)
    assert set(PURPOSE_MEANS) == set(Purpose)


@pytest.mark.parametrize("kind", Kind)
def test_templates_are_new_each_time_and_share_nothing(kind: Kind) -> None:
    first, second = template(kind), template(kind)
    assert first["id"] != second["id"]
    first["details"].clear()
    for subject in first["subjects"]:
        subject["names"] = "overwritten"
    assert load_record(second).details == load_record(template(kind)).details


@pytest.mark.parametrize(
    ("kind", "changes", "where"), REFUSED, ids=lambda each: str(getattr(each, "value", ""))
)
def test_a_kind_refuses_what_its_world_does_not_allow(
    kind: Kind, changes: dict[Path, Any], where: str
) -> None:
    document = template(kind)
    for path, value in changes.items():
        document = changed(document, path, value)
    assert where in [problem.path for problem in check_record(document)]


@pytest.mark.parametrize(("change", "where"), PERSON_REFUSED)
def test_a_person_refuses_what_nobody_could_use(change: dict[str, Any], where: str) -> None:
    document = template(Kind.WANTED_PERSON)
    document["subjects"][0] |= change
    assert where in [problem.path for problem in check_record(document)]


@pytest.mark.parametrize("subject", SUBJECTS_THAT_LOAD, ids=lambda each: each["type"])
def test_each_type_of_subject_loads(subject: dict[str, Any]) -> None:
    document = template(Kind.SPONTANEOUS_INFORMATION) | {"subjects": [subject]}
    assert check_record(document) == []
    assert {"organisation", *(each["type"] for each in SUBJECTS_THAT_LOAD)} == set(SUBJECTS)


def test_a_search_for_a_missing_person_needs_neither_charges_nor_warrant() -> None:
    document = template(Kind.WANTED_PERSON)
    document["details"] |= {"search_category": "missing", "on_finding": "protect"}
    for name in ("charges", "warrant"):
        del document["details"][name]
    assert check_record(document) == []


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_answer_has_what_its_outcome_needs_and_no_more(outcome: str) -> None:
    document = template(Kind.ASSISTANCE_ANSWER)
    everything = {
        "executed_on": "2026-02-10",
        "ground": {"ground": "not-competent", "explained": "Не относится к компетенции."},
        "forwarded_to": {"name": "МВД", "agency": "kz-mvd"},
        "expected_on": "2026-05-01",
    }
    bare = {"answering": document["details"]["answering"], "outcome": outcome}
    needed = {name: everything[name] for name in OUTCOMES[outcome]}
    assert check_record(document | {"details": bare | needed}) == []
    for name in everything:
        given = {key: value for key, value in everything.items() if (key in needed) != (key == name)}
        assert [problem.path for problem in check_record(document | {"details": bare | given})] == [
            f"details.{name}"
        ]


@pytest.mark.parametrize("change", CHANGES)
def test_a_service_notice_has_what_its_change_needs(change: str) -> None:
    document = template(Kind.SERVICE_NOTICE)
    full = document["details"] | {
        "change": change,
        "replaces": {"name": "Бывший отдел"},
        "competences": ["розыск"],
        "course": {
            "title": "Финансовые расследования",
            "dates": {"start": "2026-09-01", "end": "2026-09-12"},
            "held_in": {"name": "Алматы"},
            "places": 20,
            "language": "ru",
        },
    }
    assert check_record(document | {"details": full}) == []
    for name in CHANGES[change]:
        lacking = {key: value for key, value in full.items() if key != name}
        assert f"details.{name}" in [
            problem.path for problem in check_record(document | {"details": lacking})
        ]
