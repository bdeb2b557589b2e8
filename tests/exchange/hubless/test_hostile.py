"""Hostile documents through a hub's whole intake: refused with a code and kept, none half applied."""

from __future__ import annotations

from typing import Any

import pytest

from hub.audit.events import Act
from tests.exchange.hubless.conftest import THEM, Pair
from tests.exchange.hubless.test_taking import acts, packed, records, theirs, verdicts
from tests.hostile.corpus import corpus

pytestmark = pytest.mark.slow

PARTNERS = {
    "dialect bilateral": {"dialect": "record-json"},
    "dialect bilateral-stix": {"dialect": "stix"},
    "dialect cis_atc": {"adapter": "cis_atc"},
}


@pytest.mark.parametrize("reader", PARTNERS)
def test_what_is_hostile_is_refused_and_the_next_document_is_taken(made: Any, reader: str) -> None:
    pair: Pair = made(**PARTNERS[reader])
    entries = [entry for entry in corpus() if entry.reader == reader]
    for number, entry in enumerate(entries):
        pair.send(entry.make(), f"theirs-{number:03}")
    kind = "assistance-request" if reader == "dialect cis_atc" else "spontaneous-information"
    pair.send(packed(pair, theirs(pair, kind)), "theirs-999")
    pair.look()
    told = verdicts(pair)
    assert told[:-1] == [entry.code for entry in entries]
    assert acts(pair, Act.REFUSED) == len(entries)
    with pair.broker.store.read() as view:
        held = list(view.hubless.held_intakes(limit=1000))
        assert [row.agency for row in held] == [THEM] * len(entries)
        assert len(view.bodies.get_many([row.body_id for row in held])) == len(entries)
    assert len(records(pair)) == (0 if told[-1] else 1)
    assert told[-1] is None, "what is honest is taken behind them"
