"""The Centre's documents: valid under our XSD, in Russian, and read back whatever is around them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from adapters import registry
from adapters.cis_atc import words
from adapters.cis_atc.format import NAMESPACE, ROOTS, fields_of
from adapters.cis_atc.rules import TreatyRules
from adapters.cis_atc.schema import schema
from adapters.contract import Weight
from adapters.kit.drawing import records
from adapters.tables import Field
from hub.errors import HubError
from hub.records.details import SHAPES
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.amounts import examples

DIALECT = registry.make("cis_atc").dialect
XSD = Path(__file__).parents[3] / "adapters" / "cis_atc" / "cis_atc.xsd"
VALIDATOR = etree.XMLSchema(etree.fromstring(schema()))
KINDS = sorted(ROOTS, key=lambda kind: kind.value)


def document(kind: Kind) -> bytes:
    return DIALECT.translate(dict(load_record(template(kind)).document)).document


def code_of(raw: bytes) -> str | None:
    try:
        DIALECT.interpret(raw)
    except HubError as failure:
        return failure.code
    return None


def test_the_xsd_is_what_the_table_says() -> None:
    assert XSD.read_bytes() == schema(), "python -m adapters.cis_atc.schema > adapters/cis_atc/cis_atc.xsd"


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(records(frozenset(ROOTS)))
def test_whatever_is_sent_is_valid_under_the_xsd(record: dict[str, Any]) -> None:
    VALIDATOR.assertValid(etree.fromstring(DIALECT.translate(record).document))


@pytest.mark.parametrize("kind", KINDS)
def test_documents_are_in_russian(kind: Kind) -> None:
    root = etree.fromstring(document(kind))
    names = {etree.QName(each).localname for each in root.iter()} - {"TLP", "SHA256"}
    assert all("а" <= name[-1].lower() <= "я" for name in names)
    assert etree.QName(root).localname == ROOTS[kind][0]


def test_every_closed_set_has_a_word_for_each_value_and_none_twice() -> None:
    tables = {
        name: table for name, table in vars(words).items() if isinstance(table, dict) and name.isupper()
    }
    assert len(tables) > 15
    assert all(len(set(table.values())) == len(table) for table in tables.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_the_details_has_an_element(kind: Kind) -> None:
    carried = {field.path[0] for field in ROOTS[kind][1]}
    assert carried == set(SHAPES[kind].details().load_fields)
    for field in _all(fields_of(kind)):
        assert field.element


def _all(fields: tuple[Field, ...]) -> list[Field]:
    return [one for field in fields for one in (field, *_all(field.inner))]


def test_a_newer_version_of_the_format_is_read_and_what_is_new_is_kept() -> None:
    raw = document(Kind.ASSISTANCE_REQUEST).replace(
        "<Содержание>".encode(), '<Содержание><НовыйЭлемент код="7">значение</НовыйЭлемент>'.encode(), 1
    )
    found = DIALECT.interpret(raw)
    assert "значение" in str(dict(found.unknown))
    assert "7" in str(dict(found.unknown))
    assert found.record["details"]["urgency"] == "urgent"


def test_a_word_that_nobody_knows_is_kept_and_not_guessed() -> None:
    raw = document(Kind.ASSISTANCE_REQUEST).replace("срочный".encode(), "сверхсрочный".encode())
    found = DIALECT.interpret(raw)
    assert "urgency" not in found.record["details"]
    assert "сверхсрочный" in str(dict(found.unknown))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Изложение>", "<Изложение/><Изложение>"),
        ("<Реквизиты>", "текст<Реквизиты>"),
        ("</Реквизиты>", "</Реквизиты>текст"),
        (NAMESPACE, "urn:another"),
        ("Запрос", "Приказ"),
    ],
)
def test_a_document_of_another_form_is_refused(old: str, new: str) -> None:
    raw = document(Kind.ASSISTANCE_REQUEST).replace(old.encode(), new.encode())
    assert code_of(raw) == "partner-document-malformed"


def test_subjects_that_the_format_does_not_have_are_reported_lost() -> None:
    record = template(Kind.SPONTANEOUS_INFORMATION)
    record["subjects"].insert(0, {"type": "vehicle", "plate": "000AAA01"})
    translated = DIALECT.translate(dict(load_record(record).document))
    assert translated.lost == ("subjects[0]",)
    assert [one["type"] for one in DIALECT.interpret(translated.document).record["subjects"]] == [
        "person",
        "organisation",
    ]


def test_the_treaty_asks_for_a_signature_and_russian() -> None:
    record = template(Kind.ASSISTANCE_REQUEST) | {"language": "kk"}
    found = TreatyRules().check(record, on=date(2026, 11, 22))
    assert [(one.weight, one.path) for one in found] == [
        (Weight.ASKS, "language"),
        (Weight.ASKS, "details.signed_by"),
    ]
    withdrawn = record | {"version": 2, "action": "withdrawal", "details": {"reason": "ended"}}
    assert TreatyRules().check(withdrawn, on=date(2026, 11, 22)) == []
