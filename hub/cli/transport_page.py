"""The figures on illicit transport as a page to print and as CSV: numbers and bars, no script."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.cli.transport_words import WORDS
from hub.exchange.ledger.transport import Compiled, Figures, Sort

#: One for each body, told apart by people who see red and green alike; then they begin again.
_COLOURS: Final = ("#1b6ca8", "#f0c05a", "#c8552b", "#7fb2d6", "#5b5b5b", "#b9b9b9")
_BAR_WIDTH: Final = 440
_ROW_HEIGHT: Final = 24


def page(compiled: Compiled, *, agency: str, at: str, language: str) -> str:
    """Return the quarter's page in one of the languages of `WORDS`."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = WORDS[language]
    agencies = [one.agency for one in compiled.delivered]
    return environment.get_template("transport.html").render(
        words=words,
        language=language,
        quarter=str(compiled.quarter),
        agency=agency,
        at=at,
        agencies=agencies,
        colours={name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(agencies)},
        missing=", ".join(compiled.missing),
        several=[one.agency for one in compiled.delivered if one.also],
        totals=[_cells(sort, figures, words) for sort, figures in compiled.totals.items()],
        bars=_bars(compiled, words),
        quantities=[_by_agency(compiled, sort, words) for sort in compiled.totals],
    )


def as_csv(compiled: Compiled) -> str:
    """Return the quarter as CSV: a line for each body and sort of goods, and one for each that is missing."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(
        ("quarter", "agency", "goods", "unit", "direction", "cases", "persons", "quantity", "record")
    )
    quarter = str(compiled.quarter)
    for one in compiled.delivered:
        for sort, figures in sorted(one.figures.items()):
            told = (sort.goods, sort.unit, sort.direction, *_numbers(figures), one.row.record_id)
            lines.writerow((quarter, one.agency, *told))
    for sort, figures in compiled.totals.items():
        lines.writerow((quarter, "*", sort.goods, sort.unit, sort.direction, *_numbers(figures), ""))
    for name in compiled.missing:
        lines.writerow((quarter, name, "not delivered", "", "", "", "", "", ""))
    return out.getvalue()


def _numbers(figures: Figures) -> tuple[str, str, str]:
    persons = "" if figures.persons is None else str(figures.persons)
    return str(figures.cases), persons, written(figures.quantity)


def written(quantity: Decimal) -> str:
    """Return a quantity with all its digits and no exponent."""
    return format(quantity, "f")


def _named(sort: Sort, words: Mapping[str, str]) -> list[str]:
    return [words[sort.goods], words[sort.unit], words[sort.direction] if sort.direction else "–"]


def _cells(sort: Sort, figures: Figures, words: Mapping[str, str]) -> list[str]:
    cases, persons, quantity = _numbers(figures)
    return [*_named(sort, words), cases, persons or "–", quantity]


def _by_agency(compiled: Compiled, sort: Sort, words: Mapping[str, str]) -> list[str]:
    told = [one.figures.get(sort) for one in compiled.delivered]
    return [*_named(sort, words), *("–" if one is None else written(one.quantity) for one in told)]


def _bars(compiled: Compiled, words: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
    goods: dict[str, dict[str, int]] = {}
    for one in compiled.delivered:
        for sort, figures in one.figures.items():
            by_agency = goods.setdefault(sort.goods, {})
            by_agency[one.agency] = by_agency.get(one.agency, 0) + figures.cases
    most = max((sum(by_agency.values()) for by_agency in goods.values()), default=0) or 1
    rows = []
    for place, (name, by_agency) in enumerate(sorted(goods.items())):
        parts, x = [], 0
        for agency, cases in by_agency.items():
            width = round(_BAR_WIDTH * cases / most)
            if width:
                parts.append({"x": x, "width": width, "agency": agency, "cases": cases})
            x += width
        rows.append(
            {
                "name": words[name],
                "parts": parts,
                "width": x,
                "y": _ROW_HEIGHT * place + 4,
                "cases": sum(by_agency.values()),
            }
        )
    return rows
