"""The report: a verdict as one page that a judge can read and print. No script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.evidence.findings import Finding, Topic, Verdict
from hub.evidence.wording import Language, labels, sentence, word

_HERE: Final = Path(__file__).parent


def render(verdict: Verdict, language: Language) -> str:
    """Return the page. All that stands in the bundle is escaped: it is told, never obeyed."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["outline"] = outline

    def told(finding: Finding) -> str:
        return sentence(finding, language)

    environment.filters["word"] = lambda code: word(code, language)
    return environment.get_template("report.html").render(
        verdict=verdict,
        language=language.value,
        words=labels(language),
        told=told,
        groups=list(_groups(verdict)),
    )


def outline(document: Mapping[str, object]) -> Iterator[tuple[int, str, str]]:
    """Yield a document as lines of depth, name and value, without the punctuation of JSON."""
    yield from _lines(document, 0)


def _lines(value: object, depth: int) -> Iterator[tuple[int, str, str]]:
    if isinstance(value, Mapping):
        pairs = [(str(name), below) for name, below in value.items()]
    elif isinstance(value, list):
        pairs = [(str(number), below) for number, below in enumerate(value, start=1)]
    else:
        pairs = []
    for name, below in pairs:
        if isinstance(below, (Mapping, list)):
            yield depth, name, ""
            yield from _lines(below, depth + 1)
        else:
            yield depth, name, "–" if below is None else str(below)


def _groups(verdict: Verdict) -> Iterator[tuple[Topic, list[Finding]]]:
    for topic in Topic:
        found = [finding for finding in verdict.findings if finding.topic is topic]
        if found:
            yield topic, found


def _moment(at: datetime | None) -> str:
    return "–" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
