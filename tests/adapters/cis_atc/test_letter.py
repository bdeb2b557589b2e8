"""The letter on paper: all that the XML says, in Russian, the same bytes each time."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from adapters import registry
from adapters.cis_atc.format import ROOTS
from adapters.cis_atc.letter import letter
from hub.errors import Refused
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template

#: Each letter is laid out anew.
pytestmark = pytest.mark.slow


def record(kind: Kind, **more: Any) -> dict[str, Any]:
    return dict(load_record(template(kind) | more).document)


def text_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_a_request_on_paper_says_what_the_treaty_asks_for() -> None:
    made = record(Kind.ASSISTANCE_REQUEST)
    written = letter(made)
    text = text_of(written.document)
    details = made["details"]
    for said in (
        "ЗАПРОС ОБ ОКАЗАНИИ СОДЕЙСТВИЯ",
        details["requesting"]["name"],
        details["requested"]["name"],
        details["substance"],
        details["aim"],
        details["grounds"],
        *(one["described"] for one in details["asked"]),
        details["signed_by"]["name"],
        details["signed_by"]["position"],
        "Существо дела",
        "Только с согласия: нет",
        "Секретно",
        "МЫСАЛОВ Серик Улгиевич",
        "М.П.",
        made["id"],
        made["narrative"],
        "Лист 1",
    ):
        assert said in text, said
    assert written.lost == ()


@pytest.mark.parametrize("kind", sorted(ROOTS, key=lambda kind: kind.value))
def test_a_letter_loses_no_more_than_the_document(kind: Kind) -> None:
    made = record(kind)
    assert letter(made).lost == registry.make("cis_atc").dialect.translate(made).lost


def test_the_same_record_makes_the_same_bytes() -> None:
    made = record(Kind.WANTED_PERSON)
    assert letter(made).document == letter(made).document


def test_the_fonts_are_inside() -> None:
    pdf = letter(record(Kind.ASSISTANCE_ANSWER)).document
    fonts = PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    names = [fonts[name]["/BaseFont"] for name in fonts]
    embedded = [name for name in names if "DejaVuSerif" in name]
    assert len(embedded) >= 2
    assert all("+" in name for name in embedded)


def test_a_sign_that_the_font_lacks_becomes_a_box_and_is_reported() -> None:
    made = record(Kind.SPONTANEOUS_INFORMATION)
    made["subjects"][0]["names"].append({"text": "王伟", "script": "Hans", "form": "original"})
    written = letter(made)
    assert written.lost == ("subjects[0].names[3].text",)
    assert "□□" in text_of(written.document)


def test_markup_in_a_text_is_text() -> None:
    made = record(Kind.SPONTANEOUS_INFORMATION, narrative="<b>не & жирно</b>\n<font size='90'>вторая строка")
    assert "<b>не & жирно</b> <font size='90'>вторая строка" in text_of(letter(made).document)


def test_a_withdrawal_says_why() -> None:
    made = record(
        Kind.ASSISTANCE_REQUEST, version=2, action="withdrawal", details={"reason": "Розыск прекращён."}
    )
    text = text_of(letter(made).document)
    assert "ОТЗЫВ" in text
    assert "Розыск прекращён." in text


def test_other_kinds_have_no_letter() -> None:
    with pytest.raises(Refused) as refused:
        letter(record(Kind.NOTICE))
    assert refused.value.code == "kind-not-carried"


def test_a_long_letter_goes_on_over_many_sheets() -> None:
    made = record(Kind.SPONTANEOUS_INFORMATION, narrative="Сведения о перемещении. " * 1000)
    assert len(PdfReader(io.BytesIO(letter(made).document)).pages) > 5
