from __future__ import annotations

from typing import Any

import pytest

from hub.entries import Line
from hub.exchange.reconciling.comparing import Difference, Kind
from hub.exchange.reconciling.explaining import explain
from hub.records.lifecycle import EntryState

US, THEM = "kz-knb", "cis-atc"


def one(kind: Kind, sender: str = US, **told: Any) -> Difference:
    recipient = THEM if sender == US else US
    return Difference(kind=kind, sender=sender, recipient=recipient, number=3, **told)


@pytest.mark.parametrize("sender", [US, THEM])
@pytest.mark.parametrize("kind", Kind)
def test_every_difference_is_explained_with_what_to_do(kind: Kind, sender: str) -> None:
    told = explain(one(kind, sender), us=US)
    assert told.what.endswith(".")
    assert told.do.endswith(".")


def test_which_side_gave_it_up_and_why_is_told() -> None:
    dead = Line(number=3, envelope_id="e", digest=None, state=EntryState.DEAD, reason="dropped")
    told = explain(one(Kind.STATE_DIFFERS, sent=dead), us=US)
    assert told.what == "It is dead (dropped) here, and cis-atc accepted it."
    assert "hub queue resume" in told.do


def test_a_receipt_that_is_denied_is_told_as_such() -> None:
    accepted = Line(number=3, envelope_id="e", digest=None, state=EntryState.ACCEPTED)
    told = explain(one(Kind.STATE_DIFFERS, sent=accepted), us=US)
    assert "cis-atc says that it refused it" in told.what
