"""Reports as goAML: valid under the published schema, real samples read, nothing said that is not known."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from adapters import registry
from adapters.contract import Dialect
from adapters.kit.drawing import records
from hub.errors import HubError
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters import data
from tests.amounts import examples

#: The schema's own list of indicators has no neutral one: a unit's profile names its code.
CODES = ["TFSUN", "TORGA"]
UNIT = {"indicators": CODES, "no_indicator": "FCA06", "reporting_entity": 101}
DIALECT = registry.make("fiu", UNIT).dialect
ABROAD = registry.make(
    "fiu",
    {"reporting_entity": 101, "indicators": ["STRUC"], "local_currency": "AED", "utc_offset_minutes": 240},
).dialect


@cache
def validator() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(data.file("goaml/goAMLSchema-5.0.2.xsd")))


def record(**details: Any) -> dict[str, Any]:
    made = template(Kind.SUSPICIOUS_TRANSACTION)
    made["details"] |= details
    return dict(load_record(made).document)


def written(made: dict[str, Any], dialect: Dialect = DIALECT) -> str:
    return dialect.translate(made).document.decode()


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(records(frozenset({Kind.SUSPICIOUS_TRANSACTION})))
def test_whatever_is_sent_is_valid_under_the_published_schema(drawn: dict[str, Any]) -> None:
    validator().assertValid(etree.fromstring(DIALECT.translate(drawn).document))


@pytest.mark.parametrize("name", ["STR", "SAR", "AIF"])
def test_a_published_sample_is_read_and_what_is_unknown_is_kept(name: str) -> None:
    raw = data.file(f"goaml/sample-{name}.xml")
    found = ABROAD.interpret(raw)
    assert found.record["details"]["report_number"].startswith(name)
    assert found.unknown["reporting_person"]
    # Every text of the document is in the record or among what is unknown, or is the profile's, or nothing.
    said = str(dict(found.record)) + str(dict(found.unknown))
    ours = {"5.0.2", "101", "E", "STR", "AED", "-"}
    for element in etree.fromstring(raw).iter():
        text = (element.text or "").strip()
        days = text.removesuffix("T00:00:00")
        assert not text or text in ours or days in said or text == "2026-05-24T14:30:00", element.tag
    assert name == "STR" or found.unknown["report_code"] == [{"#": name}]


def test_the_published_report_becomes_a_record_with_its_parties() -> None:
    found = ABROAD.interpret(data.file("goaml/sample-STR.xml")).record
    sender, beneficiary, moved = found["subjects"]
    assert [one["type"] for one in found["subjects"]] == ["person", "person", "transaction"]
    assert moved["amount"] == "120000.00"
    assert moved["currency"] == "AED"
    assert moved["at"] == "2026-05-24T10:30:00Z"
    assert moved["links"] == [
        {"to": sender["key"], "link": "sender"},
        {"to": beneficiary["key"], "link": "beneficiary"},
    ]
    assert sender["sex"] == "female"
    assert sender["birth_dates"] == [{"form": "exact", "date": "1989-07-02"}]
    assert found["details"]["indicators"] == ["STRUC"]


def test_a_report_keeps_all_its_details_and_the_order_of_its_subjects() -> None:
    made = record(indicators=["TFSUN", "переводы без смысла", "TORGA"])
    made["subjects"] = [made["subjects"][2], *made["subjects"][:2], deepcopy(made["subjects"][2])]
    translated = DIALECT.translate(made)
    found = DIALECT.interpret(translated.document)
    assert found.record["details"] == made["details"]
    assert [one["type"] for one in found.record["subjects"]] == [one["type"] for one in made["subjects"]]
    assert not [path for path in translated.lost if path.startswith("details")]
    assert not found.unknown
    assert "<indicator>TFSUN</indicator></report_indicators>" in translated.document.decode()


def test_a_report_without_a_code_claims_no_indicator_of_its_own() -> None:
    text = written(record())
    assert "<report_indicators><indicator>FCA06</indicator></report_indicators>" in text
    assert "FCA06" not in str(DIALECT.interpret(text.encode()).record)
    made = record(indicators=["FCA06"])
    assert DIALECT.interpret(written(made).encode()).record["details"]["indicators"] == ["FCA06"]


def test_names_go_in_latin_letters_with_the_first_in_its_own_script() -> None:
    made = record()
    text = written(made)
    assert "<first_name>-</first_name><last_name>MYSSALOV SERIK</last_name>" in text
    assert "<full_name_frn>МЫСАЛОВ Серик Улгиевич</full_name_frn>" in text
    made["subjects"][0]["names"][1] |= {"surname": "Myssalov", "given": "Serik"}
    parted = written(made)
    assert "<first_name>Serik</first_name><last_name>Myssalov</last_name>" in parted
    names = DIALECT.interpret(parted.encode()).record["subjects"][0]["names"]
    assert names[0] == {"text": "МЫСАЛОВ Серик Улгиевич"}
    assert names[1] == {"surname": "Myssalov", "given": "Serik"}


def test_a_movement_in_another_currency_is_reported_lost() -> None:
    made = record()
    made["subjects"][2]["currency"] = "USD"
    translated = DIALECT.translate(made)
    assert "subjects[2]" in translated.lost
    assert "<transaction>" not in translated.document.decode()


def test_times_are_local_and_come_back_in_utc() -> None:
    text = written(record())
    assert "<date_transaction>2025-11-04T14:12:00</date_transaction>" in text
    assert DIALECT.interpret(text.encode()).record["subjects"][2]["at"] == "2025-11-04T09:12:00Z"


def test_another_number_of_subjects_than_was_told_is_kept() -> None:
    raw = written(record()).replace("<info_text>ppt<", "<info_text>ppttt<").encode()
    found = DIALECT.interpret(raw)
    assert found.unknown == {"subjects": "ppttt"}
    assert len(found.record["subjects"]) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<report>", '<report xmlns="urn:another">'),
        ("<rentity_id>", "<rentity_id>7</rentity_id><rentity_id>"),
        ("<info_subject>purpose<", "<info_subject>id<"),
    ],
)
def test_a_document_of_another_form_is_refused(old: str, new: str) -> None:
    with pytest.raises(HubError) as failure:
        DIALECT.interpret(written(record()).replace(old, new).encode())
    assert failure.value.code == "partner-document-malformed"


def test_a_party_of_which_nothing_is_carried_keeps_its_place() -> None:
    made = record()
    made["subjects"].insert(
        0, {"type": "organisation", "names": [{"text": "Үлгі", "script": "Cyrl", "form": "primary"}]}
    )
    translated = DIALECT.translate(made)
    assert "subjects[0].names" in translated.lost
    found = DIALECT.interpret(translated.document)
    assert [one["type"] for one in found.record["subjects"]] == [one["type"] for one in made["subjects"]]
    assert not found.unknown


def test_a_withdrawal_says_which_report_and_why() -> None:
    made = record() | {"version": 2, "action": "withdrawal", "details": {"reason": "ошибка"}, "subjects": []}
    found = DIALECT.interpret(written(made).encode())
    assert found.record["details"] == {"reason": "ошибка"}
    assert (found.record["id"], found.record["action"], found.record["version"]) == (
        made["id"],
        "withdrawal",
        2,
    )
    assert not found.unknown
    assert "subjects" not in found.record
