"""Every kind of record can be drawn, in every action that it takes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.kit.drawing import records
from hub.records.kinds import Kind


@pytest.mark.hypothesis
@pytest.mark.slow
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_drawn(kind: Kind) -> None:
    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(document=records(frozenset({kind})))
    def drawn(document: dict[str, object]) -> None:
        assert document["kind"] == kind.value

    drawn()
