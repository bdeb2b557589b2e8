"""Notices as the public API shows them are read; ours have its shape; dates are only as exact as known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters import registry
from adapters.completing import complete
from adapters.contract import Interpretation
from adapters.interpol.absence import REASON, Place, gone_document
from adapters.interpol.codes import EYES, HAIRS, SEXES, as_partial, as_slashes, country_code, country_of
from hub.errors import HubError
from hub.records.ids import new_id
from hub.records.iso import COUNTRIES
from hub.records.kinds import Kind
from hub.records.record import Record, load_record
from hub.records.template import template
from hub.records.text import normalise
from tests.adapters.data import file

HAL = registry.make("interpol").dialect
AT = "2026-11-22T10:00:00Z"
DECIDES = {
    "originator": "interpol-ncb-kz",
    "purpose": "search",
    "language": "en",
    "legal_basis": {"agreement": "interpol-rpd", "articles": ["73-81"]},
    "label": {"classification": "restricted", "tlp": "amber"},
}


def read(value: Any) -> Interpretation:
    return HAL.interpret(json.dumps(value).encode())


def notice(kind: Kind = Kind.NOTICE, **details: Any) -> dict[str, Any]:
    record = template(kind)
    record["details"] |= details
    document = HAL.translate(dict(load_record(record).document)).document
    value = json.loads(document)
    assert isinstance(value, dict)
    return value


def test_the_published_example_is_read() -> None:
    found = HAL.interpret(file("interpol/red-notice-detail-hal-example.json"))
    person = found.record["subjects"][0]
    assert person["names"] == [{"surname": "KLETTE", "given": "DANIELA MARIE LUISE"}]
    assert person["birth_dates"] == [{"form": "exact", "date": "1958-11-05"}]
    assert person["look"] == {
        "height_cm": 165,
        "weight_kg": 63,
        "marks": ["Birthmarks in the face"],
        "eyes": "brown",
        "hair": "black",
    }
    assert found.record["details"]["colour"] == "red"
    (charge,) = found.record["details"]["charges"]
    assert (charge["country"], charge["translation"]) == ("DE", "string")
    assert charge["offence"].startswith("Attempted murder coinciding with")
    assert set(found.unknown) == {"languages_spoken_ids", "_embedded", "_links.images", "_links.thumbnail"}


def taken(value: Any) -> Record:
    """Return the record that a hub makes of a notice, as it makes one of a partner's parcel."""
    return load_record(complete(read(value).record, DECIDES, record_id=new_id(), at=AT))


def listed(scraped: dict[str, Any]) -> dict[str, Any]:
    """Return a scraped notice as the API's lists have it: what was not scraped is not there."""
    told = {name: value for name, value in scraped.items() if value != "N/A"}
    number = told["entity_id"]
    return {
        **{name: told.get(name) for name in ("entity_id", "name", "forename", "date_of_birth")},
        "nationalities": told["nationalities"].split(", ") if "nationalities" in told else None,
        "_links": {
            "self": {"href": f"https://ws-public.interpol.int/notices/v1/red/{number.replace('/', '-')}"}
        },
    }


def test_every_real_notice_comes_in() -> None:
    notices = [
        json.loads(file("interpol/red-notice-detail-hal-example.json")),
        *json.loads(file("interpol/notices-hal-shapes-mixed.json")),
        *map(listed, json.loads(file("interpol/red-notices-list-100-2025-10.json"))),
    ]
    records = [taken(one).document for one in notices]
    assert len(records) == 106
    assert [one["details"]["number"] for one in records] == [one["entity_id"] for one in notices]
    assert {one["details"]["colour"] for one in records} == {"red", "un-special"}
    assert all(one["subjects"][0]["names"] for one in records)


@pytest.mark.parametrize("colour", ["red", "blue", "green", "yellow", "black", "orange", "purple", "silver"])
def test_a_notice_of_any_colour_comes_in_as_the_api_shows_it(colour: str) -> None:
    real = json.loads(file("interpol/red-notice-detail-hal-example.json"))
    real["_links"] = {"self": {"href": f"https://ws-public.interpol.int/notices/v1/{colour}/1993-27493"}}
    assert taken(real).document["details"]["colour"] == colour
    assert taken(real | {"arrest_warrants": None}).document["details"]["colour"] == colour


def test_charges_of_two_countries_keep_their_countries() -> None:
    real = json.loads(file("interpol/red-notice-detail-hal-example.json"))
    both = [
        {"charge": "Fraud", "issuing_country_id": code, "charge_translation": None} for code in ("DE", "FR")
    ]
    courts = [
        {"charge": "War crimes", "issuing_country_id": "914", "charge_translation": None},
        {"charge": None, "issuing_country_id": "DE", "charge_translation": None},
    ]
    found = read(real | {"arrest_warrants": both + courts})
    assert [one.get("country") for one in found.record["details"]["charges"]] == ["DE", "FR", None]
    assert found.unknown["arrest_warrants[2].issuing_country_id"] == "914"
    assert found.unknown["arrest_warrants[3]"] == courts[1]


@pytest.mark.parametrize(
    ("odd", "unknown"),
    [
        ({"height": 17}, "height"),
        ({"height": "1.65"}, "height"),
        ({"weight": 1}, "weight"),
        ({"date_of_birth": "1958/02/30"}, "date_of_birth"),
        ({"date_of_birth": "1958/13/00"}, "date_of_birth"),
        ({"distinguishing_marks": "x" * 401}, "distinguishing_marks"),
        (
            {"identity_documents": [{"type": "PASSPORT", "nr": None, "place_of_issue": "BONN"}]},
            "identity_documents",
        ),
        ({"nationalities": ["DE", "ZZZ"]}, "nationalities"),
    ],
)
def test_what_no_field_holds_is_kept_and_holds_nothing_up(odd: dict[str, Any], unknown: str) -> None:
    value = json.loads(file("interpol/red-notice-detail-hal-example.json")) | odd
    assert read(value).unknown[unknown] == odd[unknown]
    taken(value)


def test_real_shapes_with_nulls_and_unknown_dates_are_read() -> None:
    dates = []
    for one in json.loads(file("interpol/notices-hal-shapes-mixed.json")):
        found = read(one)
        assert found.unknown["_notice_kind"] == one["_notice_kind"]
        dates.append(found.record["subjects"][0].get("birth_dates"))
        listing = found.record["details"].get("listing")
        assert (listing or {}).get("reference") == one.get("un_reference")
    assert dates[:3] == [None, [{"form": "exact", "date": "1980"}], [{"form": "exact", "date": "1990-08-07"}]]
    entity = read(json.loads(file("interpol/notices-hal-shapes-mixed.json"))[-1])
    assert entity.record["subjects"][0]["type"] == "organisation"


def test_a_read_notice_becomes_a_record_once_the_agreement_has_spoken() -> None:
    record = taken(notice())
    assert record.subjects[0]["names"][0]["text"] == "Мысалов Серик"
    (charge,) = record.document["details"]["charges"]
    assert set(charge) == {"offence", "country"}


def test_scraped_lists_without_addresses_are_refused_notice_by_notice() -> None:
    for one in json.loads(file("interpol/red-notices-list-100-2025-10.json"))[:20]:
        with pytest.raises(HubError) as refused:
            read(one)
        assert refused.value.code == "partner-document-malformed"


@pytest.mark.slow
def test_charges_in_all_languages_come_back_equal() -> None:
    charges = json.loads(file("interpol/red-notice-charges-utf16.json").decode("utf-16"))
    texts = sorted({normalise(str(one), lines=True)[:2000].strip() for one in charges} - {""})
    assert len(texts) > 3000
    for start in range(0, len(texts), 50):
        wanted = [{"offence": text, "country": "DE"} for text in texts[start : start + 50]]
        record = template(Kind.NOTICE)
        record["details"]["charges"] = wanted
        translated = HAL.translate(dict(load_record(record).document))
        assert HAL.interpret(translated.document).record["details"]["charges"] == wanted
        assert len(taken(json.loads(translated.document)).document["details"]["charges"]) == len(wanted)


def test_documents_in_utf_16_are_refused() -> None:
    with pytest.raises(HubError) as refused:
        HAL.interpret(file("interpol/red-notice-charges-utf16.json"))
    assert refused.value.code == "partner-document-malformed"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("1958/11/05", "1958-11-05"),
        ("1980/04/00", "1980-04"),
        ("1980/00/00", "1980"),
        ("0000/00/00", ""),
        ("0000/05/12", None),
        ("1980/00/12", None),
        ("1980-01-01", None),
        ("N/A", None),
        ("1981/02/29", None),
        ("1980/02/29", "1980-02-29"),
        ("1980/13/00", None),
    ],
)
def test_dates_are_only_as_exact_as_known(theirs: str, ours: str | None) -> None:
    assert as_partial(theirs) == ours
    if ours:
        assert as_slashes(ours) == theirs


def test_our_tables_are_interpols() -> None:
    folder = "interpol/codes"
    assert set(EYES.values()) == set(json.loads(file(f"{folder}/eye_color_codes.json")))
    assert set(HAIRS.values()) == set(json.loads(file(f"{folder}/hair_color_codes.json")))
    assert set(SEXES.values()) == set(json.loads(file(f"{folder}/sex_codes.json")))
    theirs = set(json.loads(file(f"{folder}/country_codes.json")))
    assert {code for country in COUNTRIES if (code := country_code(country))} <= theirs
    assert all(country_of(code) for code in theirs if len(code) == 2)


@pytest.mark.parametrize("colour", ["red", "blue", "green", "yellow", "black", "orange", "purple", "silver"])
def test_the_address_tells_the_colour(colour: str) -> None:
    value = notice(colour=colour)
    assert value["_links"]["self"]["href"] == (
        f"https://ws-public.interpol.int/notices/v1/{colour}/A-0000-1-2026"
    )
    assert read(value).record["details"]["colour"] == colour


def test_a_un_special_notice_joins_the_list_by_its_reference() -> None:
    value = notice(colour="un-special", listing={"list": "unsc-1267", "reference": "QDi.000"})
    assert value["un_reference"] == "QDi.000"
    assert "/notices/v1/un/persons/" in value["_links"]["self"]["href"]
    assert read(value).record["details"]["listing"] == {"list": "unsc-1267", "reference": "QDi.000"}


def test_a_diffusion_tells_its_aim_and_loses_whom_it_goes_to() -> None:
    translated = HAL.translate(dict(load_record(template(Kind.DIFFUSION)).document))
    assert "details.sent_to" in translated.lost
    assert HAL.interpret(translated.document).record["details"]["aim"] == "locate"


@pytest.mark.parametrize(
    "href",
    [
        None,
        7,
        "",
        "https://example.org/",
        "https://ws-public.interpol.int/notices/v1/pink/1",
        "https://ws-public.interpol.int/notices/v2/red/1",
        "https://ws-public.interpol.int/diffusions/v1/red/1",
        "https://[/notices/v1/red/1",
    ],
)
def test_a_notice_whose_colour_nobody_can_tell_is_refused(href: Any) -> None:
    value = notice()
    value["_links"]["self"]["href"] = href
    with pytest.raises(HubError) as refused:
        read(value)
    assert refused.value.code == "partner-document-malformed"


def test_an_address_elsewhere_is_kept_and_not_followed() -> None:
    value = notice()
    value["_links"]["self"]["href"] = "https://elsewhere.example/notices/v1/red/A-0000-1-2026"
    assert "elsewhere.example" in str(read(value).unknown["_links"])


def test_a_notice_is_called_by_its_number_and_its_colour_and_a_withdrawal_says_its_record() -> None:
    real = json.loads(file("interpol/red-notice-detail-hal-example.json"))
    assert read(real).named == "notice/red/1993/27493"
    with pytest.raises(ValueError, match="not told apart by a name"):
        Interpretation(record={"id": "x"}, named="notice/red/1993/27493")


@pytest.mark.parametrize("gone", ["yes", {}, {"reason": 5}, {"reason": None}, [], True])
def test_what_is_gone_without_a_reason_is_malformed(gone: Any) -> None:
    value = {"entity_id": "2026/1", "gone": gone, "_links": notice()["_links"]}
    with pytest.raises(HubError) as failure:
        read(value)
    assert failure.value.code == "partner-document-malformed"


def test_what_is_gone_is_the_withdrawal_of_what_has_its_number() -> None:
    place = Place(number="2026/1", path="notices/v1/un/entities/2026-1")
    found = HAL.interpret(gone_document(place, f"https://ws-public.interpol.int/{place.path}"))
    assert found.named == "notice/un-special/2026/1"
    assert found.record == {"kind": "notice", "action": "withdrawal", "details": {"reason": REASON}}
    assert found.unknown == {}
