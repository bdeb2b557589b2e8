"""What every dialect must do: round trips, true loss reports, and refusals with the contract's codes."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings

from adapters.contract import Adapter, Finding, Interpretation, Translation
from adapters.kit.drawing import marked, records
from adapters.kit.hostile import corpus, mutations, spoiled
from adapters.rest import Path, path_of, said, text_of, without
from hub.codes import CODES
from hub.errors import HubError
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}/[1-9][0-9]{0,3}")
#: What `interpret` may raise.
REFUSALS: Final = frozenset(code for code in CODES if code.startswith("partner-document-"))
#: How many times a document's size the reading and writing of it may take, and what is free at first.
_TIMES_ITS_SIZE: Final = 60
_FREE_BYTES: Final = 8 * 1024 * 1024
_BIG_SUBJECTS: Final = 300


class Failed(Exception):
    """A check does not hold; the text says what was expected and what came."""


def expect(holds: bool, sentence: str) -> None:
    """Raise Failed with a sentence unless something holds."""
    if not holds:
        raise Failed(sentence)


def introduces_itself(adapter: Adapter) -> str:
    """Check name, media type, kinds and limit."""
    dialect = adapter.dialect
    expect(_NAME.fullmatch(dialect.name) is not None, f"{dialect.name!r} is no name like record-json/1")
    expect("/" in dialect.media_type, f"{dialect.media_type!r} is no media type")
    expect(bool(dialect.kinds), "it carries no kind of record")
    expect(adapter.max_document_bytes > 0, "max_document_bytes is not above 0")
    return f"{dialect.name}, {dialect.media_type}, {len(dialect.kinds)} of {len(Kind)} kinds"


def refuses_other_kinds(adapter: Adapter) -> str:
    """Check that what is not carried is refused, and what is carried translates as its template."""
    others = [kind for kind in Kind if kind not in adapter.dialect.kinds]
    for kind in others:
        code = _code_of(lambda kind=kind: adapter.dialect.translate(_template(kind)))
        expect(code == "kind-not-carried", f"{kind.value} is not among its kinds; translating it gave {code}")
    for kind in adapter.dialect.kinds:
        translated = adapter.dialect.translate(_template(kind))
        expect(
            len(translated.document) <= adapter.max_document_bytes, f"{kind.value}: larger than its own limit"
        )
    return f"{len(others)} kinds refused"


def round_trips(adapter: Adapter, *, examples: int) -> str:
    """Check many records: nothing lost but what is reported, nothing reported but what is lost."""
    reported: set[str] = set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(records(adapter.dialect.kinds))
    def all_of_them(document: dict[str, Any]) -> None:
        reported.update(re.sub(r"\[\d+\]", "[]", path) for path in _round_trip(adapter, document))

    all_of_them()
    return f"{examples} records; {len(reported)} sorts of fields reported lost"


def _round_trip(adapter: Adapter, document: dict[str, Any]) -> tuple[str, ...]:
    document, marks = marked(document)
    before = deepcopy(document)
    first = adapter.dialect.translate(document)
    what = document["kind"]
    expect(document == before, f"{what}: translate changed the record that it was given")
    again = adapter.dialect.translate(deepcopy(document))
    expect(first == again, f"{what}: the same record made two documents")
    gone = [_existing(document, path, what) for path in first.lost]
    for path in first.aside:
        _existing(document, path, what)
    _hidden(document, first, gone, marks)
    back = adapter.dialect.interpret(first.document)
    expect(not back.unknown, f"{what}: it does not know its own {', '.join(list(back.unknown)[:3])}")
    _equal(said(without(document, gone)), said(_plain(back)), what)
    return first.lost


def _plain(back: Interpretation) -> Any:
    return json.loads(json.dumps(back.record, default=dict))


def _existing(document: Mapping[str, Any], text: str, what: str) -> Path:
    path = path_of(text)
    value: Any = document
    for step in path:
        inside = value if isinstance(value, (Mapping, list)) else {}
        there = (
            step in inside if isinstance(inside, Mapping) else isinstance(step, int) and step < len(inside)
        )
        expect(there, f"{what}: {text} is reported, and the record has no such field")
        value = value[step]
    return path


def _hidden(
    document: Mapping[str, Any], translated: Translation, gone: list[Path], marks: Mapping[str, str]
) -> None:
    """Refuse a document that still holds the text of a field that is reported lost."""
    for path in gone:
        value: Any = document
        for step in path:
            value = value[step]
        text = json.dumps(value)
        for mark in marks:
            expect(
                mark not in text or mark.encode() not in translated.document,
                f"{document['kind']}: {text_of(path)} is reported lost, and its text is in the document",
            )


def _equal(expected: Any, actual: Any, what: str) -> None:
    for path in _differences(expected, actual):
        raise Failed(
            f"{what}: {text_of(path) or 'the record'} was not reported lost, and came back as "
            f"{_shown(actual, path)} instead of {_shown(expected, path)}"
        )


def _differences(expected: Any, actual: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in expected.keys() | actual.keys():
            if (name in expected) != (name in actual):
                yield (*path, name)
            else:
                yield from _differences(expected[name], actual[name], (*path, name))
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for place, pair in enumerate(zip(expected, actual, strict=True)):
            yield from _differences(*pair, (*path, place))
    elif expected != actual or type(expected) is not type(actual):
        yield path


def _shown(value: Any, path: Path) -> str:
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 80 else f"{text[:80]}…"


def keeps_what_is_unknown(adapter: Adapter) -> str:
    """Check that what a newer version of the partner's format adds is kept, or refused, and never dropped."""
    kept = 0
    for kind in sorted(adapter.dialect.kinds, key=lambda one: one.value):
        document = adapter.dialect.translate(_template(kind)).document
        for grown in _grown(document):
            try:
                back = adapter.dialect.interpret(grown)
            except HubError as refusal:
                expect(refusal.code in REFUSALS, f"an unknown member was refused with {refusal.code}")
                continue
            found = json.dumps(dict(back.unknown), default=str)
            expect("kit-value" in found, f"{kind.value}: an unknown member was dropped")
            kept += 1
    return f"{kept} unknown members kept"


def _grown(document: bytes) -> Iterator[bytes]:
    if document.lstrip()[:1] == b"{":
        yield document.replace(b"{", b'{"kit_unknown":"kit-value",', 1)
        second = document.find(b"{", document.find(b"{") + 1)
        if second > 0:
            yield document[: second + 1] + b'"kit_unknown":"kit-value",' + document[second + 1 :]
    elif document.lstrip()[:1] == b"<":
        place = document.rindex(b"</")
        yield document[:place] + b"<kit-unknown>kit-value</kit-unknown>" + document[place:]


def refuses_the_hostile(adapter: Adapter, *, count: int) -> str:
    """Check the corpus, spoiled documents and random damage: refused with a code, or read whole."""
    tried = 0
    for name, raw in _must_be_refused(adapter):
        tried += 1
        code = _code_of(lambda raw=raw: adapter.dialect.interpret(raw))
        expect(code in REFUSALS, f"{name}: expected a refusal; it {_told(code)}")
    for seed, kind in enumerate(sorted(adapter.dialect.kinds, key=lambda one: one.value)):
        document = adapter.dialect.translate(_template(kind)).document
        for name, raw in mutations(document, seed=seed, count=count):
            tried += 1
            code = _code_of(lambda raw=raw: adapter.dialect.interpret(raw))
            expect(code is None or code in REFUSALS, f"{kind.value}, {name}: it {_told(code)}")
    return f"{tried} hostile or damaged documents"


def _must_be_refused(adapter: Adapter) -> Iterator[tuple[str, bytes]]:
    yield from corpus()
    for kind in adapter.dialect.kinds:
        yield from spoiled(adapter.dialect.translate(_template(kind)).document)
    yield "a document above the limit", b" " * (adapter.max_document_bytes + 1)


def _told(code: str | None) -> str:
    return "was read" if code is None else f"failed with {code}"


def _code_of(step: Any) -> str | None:
    """Return the code that a step fails with; None when it succeeds."""
    try:
        step()
    except HubError as refusal:
        return refusal.code
    except Exception as error:  # noqa: BLE001 - whatever an adapter lets through is its failure
        return type(error).__name__
    return None


def bounds_its_memory(adapter: Adapter) -> str:
    """Check that a large record and an oversized document take memory in proportion."""
    kind = sorted(adapter.dialect.kinds, key=lambda one: one.value)[0]
    document = _template(kind)
    if document["subjects"]:
        first = {
            name: value for name, value in document["subjects"][0].items() if name not in {"key", "links"}
        }
        document["subjects"] = [*document["subjects"], *(deepcopy(first) for _ in range(_BIG_SUBJECTS))]
    document["narrative"] = "я" * 90_000
    document = dict(load_record(document).document)
    translated, peak = _measured(lambda: adapter.dialect.translate(document))
    size = max(len(translated.document), len(json.dumps(document)))
    bound = _FREE_BYTES + _TIMES_ITS_SIZE * size
    expect(peak < bound, f"writing {size:,} bytes took {peak:,} bytes of memory; at most {bound:,} are taken")
    if len(translated.document) <= adapter.max_document_bytes:
        _, peak = _measured(lambda: adapter.dialect.interpret(translated.document))
        expect(peak < bound, f"reading {size:,} bytes took {peak:,} of memory; at most {bound:,} are taken")
    oversized = b"[" * (adapter.max_document_bytes + 1)
    _, peak = _measured(lambda: _code_of(lambda: adapter.dialect.interpret(oversized)))
    expect(peak < _FREE_BYTES, f"refusing what is too large took {peak:,} bytes of memory")
    return f"a document of {size:,} bytes"


def _measured(step: Any) -> tuple[Any, int]:
    """Return what a step returns, and the most that Python held for it; libraries in C are not seen."""
    tracemalloc.start()
    try:
        return step(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def states_its_rules(adapter: Adapter) -> str:
    """Check that the rules answer for each kind with findings whose codes exist, twice the same."""
    today = datetime.now(UTC).date()
    told = 0
    for kind in adapter.dialect.kinds:
        document = _template(kind)
        found = list(adapter.rules.check(document, on=today))
        expect(found == list(adapter.rules.check(document, on=today)), "the rules answer twice differently")
        for finding in found:
            expect(isinstance(finding, Finding), "the rules returned something that is no Finding")
            expect(finding.code in CODES, f"the rules know a code {finding.code} that does not exist")
        told += len(found)
    return f"{told} findings on the templates"


def _template(kind: Kind) -> dict[str, Any]:
    return dict(load_record(template(kind)).document)
