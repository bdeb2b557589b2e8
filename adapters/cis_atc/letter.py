"""The letter that the treaty asks for: a record in Russian on paper, ready to be signed and sealed.

What stands in it follows the same table as the XML document, so nothing that the one carries is missing in
the other. The same record always makes the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer

from adapters.cis_atc.format import HEAD, ORGANISATION, PERSON, ROOTS, fields_of
from adapters.cis_atc.words import CLASSIFICATIONS
from adapters.contract import Translation
from adapters.rest import Rest, text_of
from adapters.tables import Field
from hub.errors import Refused
from hub.records.kinds import Kind

MEDIA_TYPE: Final = "application/pdf"
_FONTS: Final = Path(__file__).with_name("fonts")
#: What stands for a letter that the font does not have.
_MISSING: Final = "□"
_PARTS: Final = re.compile(r"(?<=[а-яё])(?=[А-ЯЁ])|(?<=[А-ЯЁ])(?=[А-ЯЁ][а-яё])")
_TITLES: Final = {
    Kind.ASSISTANCE_REQUEST: "ЗАПРОС ОБ ОКАЗАНИИ СОДЕЙСТВИЯ",
    Kind.ASSISTANCE_ANSWER: "ОТВЕТ НА ЗАПРОС",
    Kind.SPONTANEOUS_INFORMATION: "ИНФОРМАЦИЯ",
    Kind.WANTED_PERSON: "РОЗЫСКНАЯ КАРТОЧКА",
}
_WITHDRAWAL: Final = "ОТЗЫВ"
#: kind -> where the authority stands from which a letter comes, and to which it goes
_FROM_TO: Final = {
    Kind.ASSISTANCE_REQUEST: ("requesting", "requested"),
    Kind.ASSISTANCE_ANSWER: ("answering", None),
    Kind.SPONTANEOUS_INFORMATION: (None, None),
    Kind.WANTED_PERSON: ("initiator", None),
}
_SUBJECTS: Final = {"person": ("Лицо", PERSON), "organisation": ("Организация", ORGANISATION)}
_FLAGS: Final = {True: "да", False: "нет"}


def letter(record: Mapping[str, Any]) -> Translation:
    """Return the letter as PDF; `lost` is what it does not say, or says with a box for a missing sign."""
    kind = Kind(record["kind"])
    if kind not in ROOTS:
        raise Refused("kind-not-carried", "Letters are requests, answers, information and search cards.")
    return _Letter(record, kind).made()


@cache
def _font(name: str) -> frozenset[int]:
    """Register a font once, and return the signs that it has."""
    font = TTFont(name, str(_FONTS / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def _style(name: str, *, font: str = "DejaVuSerif", size: int = 10, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.35, spaceAfter=3, **more)


_BOLD: Final = "DejaVuSerif-Bold"


class _Letter:
    """One letter while it is written: the paragraphs, and what of the record none of them says."""

    def __init__(self, record: Mapping[str, Any], kind: Kind) -> None:
        self._rest = Rest(record)
        self._kind = kind
        self._boxed: list[str] = []
        self._signs = _font("DejaVuSerif") & _font(_BOLD)
        self._text = _style("text")
        self._inner = _style("inner", leftIndent=8 * mm)
        self._right = _style("right", alignment=TA_RIGHT)
        self._heading = _style("heading", font=_BOLD, spaceBefore=8, keepWithNext=1)
        self._title = _style("title", font=_BOLD, size=13, alignment=TA_CENTER, spaceBefore=10)
        self._small = _style("small", size=8, leftIndent=8 * mm)

    def made(self) -> Translation:
        """Return the letter as a PDF, with what it leaves out: fields, and signs that the font lacks."""
        self._rest.take("kind")
        story = [*self._top(), *self._body(), *self._subjects(), *self._end()]
        mark = f"{self._rest.see('id')} · {self._rest.see('version')}"
        out = io.BytesIO()
        margins = {
            "leftMargin": 30 * mm,
            "rightMargin": 15 * mm,
            "topMargin": 20 * mm,
            "bottomMargin": 20 * mm,
        }
        document = SimpleDocTemplate(out, pagesize=A4, invariant=1, title="Письмо", lang="ru", **margins)
        document.build(story, onFirstPage=_foot(mark), onLaterPages=_foot(mark))
        lost = dict.fromkeys((*self._rest.lost(), *self._boxed))
        return Translation(document=out.getvalue(), lost=tuple(lost))

    def _shown(self, value: Any, view: Rest) -> str:
        """Return a text as markup; a sign that the font does not have becomes a box, and is reported."""
        text = str(value)
        if any(ord(sign) not in self._signs for sign in text if sign not in "\n\t"):
            self._boxed.append(text_of(view.path))
            text = "".join(sign if ord(sign) in self._signs or sign in "\n\t" else _MISSING for sign in text)
        return escape(text).replace("\n", "<br/>").replace("\t", " ")

    def _top(self) -> Iterator[Any]:
        label = CLASSIFICATIONS.get(self._rest.see("label", "classification"), "")
        yield Paragraph(escape(label), self._right)
        yield Paragraph("Экз. № ____", self._right)
        sender, receiver = _FROM_TO[self._kind]
        for name, style in ((sender, self._text), (receiver, self._right)):
            authority = self._rest.at("details", name) if name else None
            if authority is not None and authority.see("name") is not None:
                yield Paragraph(f"<b>{self._shown(authority.see('name'), authority.at('name'))}</b>", style)
        created = datetime.fromisoformat(self._rest.see("created_at"))
        yield Paragraph(f"№ {escape(self._rest.see('id'))} от {created:%d.%m.%Y}", self._text)
        withdrawn = self._rest.see("action") == "withdrawal"
        yield Paragraph(_WITHDRAWAL if withdrawn else _TITLES[self._kind], self._title)
        articles = ", ".join(self._rest.see("legal_basis", "articles"))
        basis = f"{self._rest.see('legal_basis', 'agreement')}, {articles}"
        yield Paragraph(f"На основании: {self._shown(basis, self._rest.at('legal_basis'))}.", self._text)

    def _body(self) -> Iterator[Any]:
        for field in fields_of(self._kind):
            view = self._rest.at(*field.path)
            if field.element == "Содержание":
                for inner in field.inner:
                    yield from self._section(inner, view)
            elif field.element not in ("Реквизиты", "Объект"):
                yield from self._section(field, self._rest)

    def _section(self, field: Field, outer: Rest) -> Iterator[Any]:
        """Yield a heading and what stands under it, a paragraph each."""
        lines = list(self._lines(field, outer))
        if lines:
            yield Paragraph(_called(field), self._heading)
            for number, line in enumerate(lines, start=1):
                yield Paragraph(f"{number}. {line}" if len(lines) > 1 else line, self._text)

    def _lines(self, field: Field, outer: Rest) -> Iterator[str]:
        """Yield each value of a field as markup; a nested object is one line."""
        for view in outer.each(*field.path) if field.many else [outer.at(*field.path)]:
            value = view.see()
            if value in (None, "", [], {}):
                continue
            if field.inner:
                inside = [
                    f"{_called(each)}: {line}" for each in field.inner for line in self._lines(each, view)
                ]
                if inside:
                    yield "; ".join(inside)
            elif field.words is None:
                yield _FLAGS[value] if field.form == "flag" else self._shown(value, view)
                view.take()
            elif value in field.words:
                yield escape(field.words[value])
                view.take()

    def _subjects(self) -> Iterator[Any]:
        number = 0
        for subject in self._rest.each("subjects"):
            if subject.see("type") in _SUBJECTS:
                element, fields = _SUBJECTS[subject.take("type")]
                number += 1
                yield Paragraph(f"{number}. {element}", self._heading)
                for field in fields:
                    for line in self._lines(field, subject):
                        yield Paragraph(f"{_called(field)}: {line}", self._inner)

    def _end(self) -> Iterator[Any]:
        signed = self._rest.at("details", "signed_by")
        name, position = signed.see("name"), signed.see("position")
        lines = [
            Spacer(1, 12 * mm),
            Paragraph(self._shown(position, signed.at("position")) if position else "Должность:", self._text),
            Paragraph(
                f"____________________ / {self._shown(name, signed.at('name')) if name else '&nbsp;' * 30} /",
                self._text,
            ),
            Paragraph("«____» ______________ 20____ г.", self._text),
            Paragraph("М.П.", self._text),
        ]
        yield KeepTogether(lines)
        yield Paragraph("Реквизиты", self._heading)
        for field in HEAD:
            for line in self._lines(field, self._rest):
                yield Paragraph(f"{_called(field)}: {line}", self._small)


def _called(field: Field) -> str:
    """Return an element's name as words: `СуществоДела` is `Существо дела`."""
    first, *others = _PARTS.split(field.element)
    return " ".join([first, *(word.lower() for word in others)])


def _foot(mark: str) -> Any:
    """Return what draws each page's foot: which letter, and which sheet."""

    def drawn(canvas: Any, _: Any) -> None:
        canvas.setFont("DejaVuSerif", 8)
        canvas.drawString(30 * mm, 12 * mm, mark)
        canvas.drawRightString(A4[0] - 15 * mm, 12 * mm, f"Лист {canvas.getPageNumber()}")

    return drawn
