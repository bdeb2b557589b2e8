from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.hubs import Hubs


@pytest.fixture
def hubs(tmp_path: Path) -> Iterator[Hubs]:
    """No hubs yet: add them, pair them, agree."""
    made = Hubs(folder=tmp_path)
    yield made
    made.close()


@pytest.fixture
def pair(hubs: Hubs) -> Hubs:
    """kz-knb and cis-atc, paired, under one agreement."""
    hubs.add("kz-knb")
    hubs.add("cis-atc")
    hubs.pair_all()
    hubs.agree(extra=("kz-mvd", "kz-border"))
    return hubs
