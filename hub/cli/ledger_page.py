"""The ledger as a page to print and as CSV: numbers and bars, no script, nothing fetched, no content."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.cli.ledger_words import WORDS
from hub.exchange.ledger.figures import Quarter, Reciprocity, Requests

COLUMNS: Final = (
    "made",
    "full",
    "partial",
    "refused",
    "forwarded",
    "outstanding",
    "overdue",
    "in_time",
    "late",
    "withdrawn",
    "median_days",
)
#: What a bar is made of, in its order; the colours are told apart by people who see red and green alike.
_COLOURS: Final = {
    "full": "#1b6ca8",
    "partial": "#7fb2d6",
    "forwarded": "#b9b9b9",
    "refused": "#c8552b",
    "outstanding": "#f0c05a",
}
_BAR_WIDTH: Final = 480
_ROW_HEIGHT: Final = 24


def page(found: Sequence[Reciprocity], quarter: Quarter, *, agency: str, at: str, language: str) -> str:
    """Return the quarter's page in one of the languages of `WORDS`."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = WORDS[language]
    sides = [
        (side, [(one.partner, getattr(one, side)) for one in found]) for side in ("asked", "asked_of_us")
    ]
    return environment.get_template("ledger.html").render(
        words=words,
        language=language,
        quarter=str(quarter),
        agency=agency,
        at=at,
        columns=COLUMNS,
        colours=_COLOURS,
        partners=[one.partner for one in found],
        requests=[(words[side], _bars(pairs, words)) for side, pairs in sides],
        grounds=[list(_grounds(pairs)) for _, pairs in sides],
        traffic=[(words[side], list(_by_kind(found, side))) for side in ("sent", "received")],
    )


def numbers(requests: Requests) -> Mapping[str, int | float | None]:
    """Return what a row of the ledger says of one side's requests, by column."""
    refused = sum(requests.refused.values())
    return {name: refused if name == "refused" else getattr(requests, name) for name in COLUMNS}


def as_csv(found: Sequence[Reciprocity], quarter: Quarter) -> str:
    """Return the quarter as CSV: a line for each partner, measure and detail."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(("quarter", "partner", "measure", "detail", "value"))
    for one in found:
        for measure, detail, value in _lines(one):
            lines.writerow((str(quarter), one.partner, measure, detail, value))
    return out.getvalue()


def _lines(one: Reciprocity) -> Iterator[tuple[str, str, int | float]]:
    for side in ("sent", "received"):
        yield from ((side, kind, count) for kind, count in getattr(one, side).items())
    for side in ("asked", "asked_of_us"):
        requests: Requests = getattr(one, side)
        yield from ((side, name, n) for name, n in numbers(requests).items() if n is not None)
        yield from ((f"{side}_refused", ground, count) for ground, count in requests.refused.items())
    for name in ("recalled_sent", "recalled_received", "undelivered"):
        yield name, "", getattr(one, name)


def _bars(pairs: Sequence[tuple[str, Requests]], words: Mapping[str, str]) -> list[dict[str, Any]]:
    shown = [(partner, requests) for partner, requests in pairs if requests.made]
    most = max((requests.made for _, requests in shown), default=1)
    rows = []
    for place, (partner, requests) in enumerate(shown):
        counted = numbers(requests)
        bars, x = [], 0
        for name, colour in _COLOURS.items():
            count = int(counted[name] or 0)
            width = round(_BAR_WIDTH * count / most)
            if width:
                bars.append({"x": x, "width": width, "colour": colour, "name": words[name], "count": count})
            x += width
        cells = ["–" if counted[name] is None else counted[name] for name in COLUMNS]
        top = _ROW_HEIGHT * place + 4
        rows.append(
            {"partner": partner, "made": requests.made, "bars": bars, "width": x, "y": top, "cells": cells}
        )
    return rows


def _grounds(pairs: Sequence[tuple[str, Requests]]) -> Iterator[str]:
    for partner, requests in pairs:
        for ground, count in requests.refused.items():
            yield f"{partner} {ground} {count}"


def _by_kind(found: Sequence[Reciprocity], side: str) -> Iterator[list[object]]:
    kinds = sorted({kind for one in found for kind in getattr(one, side)})
    for kind in kinds:
        yield [kind, *(getattr(one, side).get(kind, 0) for one in found)]
