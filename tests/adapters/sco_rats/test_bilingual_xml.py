"""The Structure's documents: valid under our XSDs, in Russian or Chinese, each in its category."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from adapters import registry
from adapters.kit.drawing import records
from adapters.sco_rats import subject_words, words
from adapters.sco_rats.categories import category
from adapters.sco_rats.format import NAMESPACES, ROOTS, Tongue, said
from adapters.sco_rats.schema import FILES, schema
from hub.errors import HubError
from hub.records.details import SHAPES
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.amounts import examples

DIALECT = registry.make("sco_rats").dialect
FOLDER = Path(__file__).parents[3] / "adapters" / "sco_rats"
VALIDATORS = {tongue: etree.XMLSchema(etree.fromstring(schema(tongue))) for tongue in Tongue}
KINDS = sorted(ROOTS, key=lambda kind: kind.value)
LANGUAGE = {Tongue.RUSSIAN: "ru", Tongue.CHINESE: "zh"}


def record(kind: Kind, tongue: Tongue = Tongue.RUSSIAN) -> dict[str, Any]:
    return dict(load_record(template(kind) | {"language": LANGUAGE[tongue]}).document)


def document(kind: Kind, tongue: Tongue = Tongue.RUSSIAN) -> bytes:
    return DIALECT.translate(record(kind, tongue)).document


def code_of(raw: bytes) -> str | None:
    try:
        DIALECT.interpret(raw)
    except HubError as failure:
        return failure.code
    return None


@pytest.mark.parametrize("tongue", Tongue)
def test_the_xsds_are_what_the_table_says(tongue: Tongue) -> None:
    told = "python -m adapters.sco_rats.schema adapters/sco_rats"
    assert (FOLDER / FILES[tongue]).read_bytes() == schema(tongue), told


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(records(frozenset(ROOTS)))
def test_whatever_is_sent_is_valid_under_its_xsd(drawn: dict[str, Any]) -> None:
    root = etree.fromstring(DIALECT.translate(drawn).document)
    tongue = next(one for one in Tongue if NAMESPACES[one] == etree.QName(root).namespace)
    VALIDATORS[tongue].assertValid(root)


@pytest.mark.parametrize("kind", KINDS)
def test_documents_are_in_the_language_of_their_record(kind: Kind) -> None:
    for tongue, lowest, highest in ((Tongue.RUSSIAN, "а", "ё"), (Tongue.CHINESE, "\u4e00", "\u9fff")):
        root = etree.fromstring(document(kind, tongue))
        names = {etree.QName(each).localname for each in root.iter()} - {"TLP", "SHA256", "VIN"}
        assert all(lowest <= letter <= highest for name in names for letter in name.lower())
        assert etree.QName(root).localname == said(ROOTS[kind][0], tongue)


@pytest.mark.parametrize("kind", KINDS)
def test_both_languages_say_the_same(kind: Kind) -> None:
    made = record(kind)
    both = [DIALECT.interpret(DIALECT.translate(made | {"language": one}).document) for one in ("ru", "zh")]
    assert not both[0].unknown
    assert not both[1].unknown
    assert {**both[0].record, "language": "zh"} == both[1].record


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_the_details_has_an_element(kind: Kind) -> None:
    assert {field.path[0] for field in ROOTS[kind][1]} == set(SHAPES[kind].details().load_fields)


def test_every_closed_set_has_two_words_for_each_value_and_none_twice() -> None:
    tables = [
        table
        for module in (words, subject_words)
        for name, table in vars(module).items()
        if isinstance(table, dict) and name.isupper()
    ]
    assert len(tables) > 25
    for tongue in Tongue:
        assert all(len({said(word, tongue) for word in table.values()}) == len(table) for table in tables)


@pytest.mark.parametrize(
    ("kind", "details", "number"),
    [
        (Kind.SPONTANEOUS_INFORMATION, {"about": "planned-attack"}, 1),
        (Kind.SPONTANEOUS_INFORMATION, {"about": "fighter-travel"}, 3),
        (Kind.SPONTANEOUS_INFORMATION, {"about": "financing"}, 5),
        (Kind.SPONTANEOUS_INFORMATION, {"about": "cyber"}, 6),
        (Kind.SPONTANEOUS_INFORMATION, {"about": "other"}, None),
        (Kind.GROUP_PROFILE, {}, 3),
        (Kind.TRANSPORT_CHANNEL, {"carries": ["arms"]}, 4),
        (Kind.TRANSPORT_CHANNEL, {"carries": ["people"]}, None),
        (Kind.ASSISTANCE_REQUEST, {}, None),
    ],
)
def test_a_category_is_what_the_record_says_and_never_guessed(
    kind: Kind, details: dict[str, Any], number: int | None
) -> None:
    made = record(kind)
    made["details"] = made["details"] | details
    assert category(made) == number
    raw = DIALECT.translate(made).document.decode()
    assert ("КатегорияСведений" in raw) is (number is not None)
    if number is not None:
        assert f"<КатегорияСведений>{number} " in raw


def test_another_category_than_ours_is_kept() -> None:
    raw = document(Kind.SPONTANEOUS_INFORMATION).replace(
        "3 организации, группы и лица".encode(), "2 подготовка против лиц и мероприятий под защитой".encode()
    )
    found = DIALECT.interpret(raw)
    assert found.unknown == {"category": "2"}
    assert found.record["details"]["about"] == "fighter-travel"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Изложение>", "<Изложение/><Изложение>"),
        (NAMESPACES[Tongue.RUSSIAN], NAMESPACES[Tongue.CHINESE]),
        (NAMESPACES[Tongue.RUSSIAN], "urn:another"),
        ("Информация", "Приказ"),
    ],
)
def test_a_document_of_another_form_is_refused(old: str, new: str) -> None:
    raw = document(Kind.SPONTANEOUS_INFORMATION).replace(old.encode(), new.encode())
    assert code_of(raw) == "partner-document-malformed"


def test_a_word_that_nobody_knows_is_kept_and_not_guessed() -> None:
    raw = document(Kind.ASSISTANCE_REQUEST, Tongue.CHINESE).replace("紧急".encode(), "特急".encode())
    found = DIALECT.interpret(raw)
    assert "urgency" not in found.record["details"]
    assert "特急" in str(dict(found.unknown))


def test_subjects_that_the_format_does_not_have_are_reported_lost() -> None:
    made = template(Kind.SPONTANEOUS_INFORMATION)
    made["subjects"].insert(0, {"type": "vessel", "name": "Үлгі"})
    translated = DIALECT.translate(dict(load_record(made).document))
    assert translated.lost == ("subjects[0]",)
