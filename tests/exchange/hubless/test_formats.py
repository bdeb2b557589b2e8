"""The same way for the formats of the field: what each partner's own end of its adapter reads and writes."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.profiles import parse_profile
from hub.exchange.contents import read_content
from hub.records.lifecycle import EntryState, RecordState
from tests.exchange.hubless.conftest import Pair
from tests.exchange.hubless.test_taking import intakes, packed, records, theirs, verdicts

#: Adapter, its profile's words, and a kind that it carries.
FORMATS = [
    ("cis_atc", {}, "spontaneous-information"),
    ("interpol", {}, "notice"),
    ("interpol", {}, "diffusion"),
    ("bilateral", {"dialect": "stix"}, "spontaneous-information"),
    ("bilateral", {"dialect": "misp"}, "spontaneous-information"),
    ("bilateral", {"dialect": "record-json"}, "assistance-request"),
]
DECIDES = """
[decides]
originator = "de-bka"
kind = "{kind}"
purpose = "prevention"
language = "en"
legal_basis = {{ agreement = "test-treaty", articles = ["1"] }}
label = {{ classification = "restricted", tlp = "green" }}
[decides.details.diffusion]
bureau = {{ name = "NCB Wiesbaden", agency = "de-bka", country = "DE" }}
sent_to = ["KZ"]
on_finding = "Inform the bureau that issued it."
"""


@pytest.fixture(params=FORMATS, ids=lambda told: "-".join([told[0], *told[1].values(), told[2]]))
def pair(request: pytest.FixtureRequest, made: Any) -> Pair:
    adapter, words, kind = request.param
    found: Pair = made(adapter=adapter, extra=DECIDES.format(kind=kind), **words)
    return found


@pytest.fixture
def kind(pair: Pair) -> str:
    decides = parse_profile(pair.source)["decides"]
    return str(decides["kind"])


def test_a_record_arrives_in_the_partners_format(pair: Pair, kind: str) -> None:
    row = pair.release(pair.drafted(kind))
    pair.carry()
    said = pair.theirs.dialect.interpret(pair.take())
    pair.look()
    assert pair.entry(row).state is EntryState.ACCEPTED
    assert said.record["kind"] == kind
    assert said.record["subjects"][0]["names"]


def test_a_document_in_the_partners_format_becomes_a_record(pair: Pair, kind: str) -> None:
    sent = theirs(pair, kind)
    pair.send(packed(pair, sent))
    pair.look()
    (intake,) = intakes(pair)
    assert (verdicts(pair), intake.sentence) == ([None], "")
    (row,) = records(pair)
    assert (row.kind, row.state) == (kind, RecordState.RECEIVED)
    with pair.broker.store.read() as view:
        found = read_content(pair.broker, view, row).document
    told, said = (str(one["subjects"][0]["names"][0]["text"]) for one in (sent, found))  # type: ignore[index]
    # Interpol's shape has a family name and a forename, and no patronymic.
    assert told.casefold().startswith(said.casefold())
