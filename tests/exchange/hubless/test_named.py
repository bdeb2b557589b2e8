"""What a partner calls by a name becomes one record, whatever comes at once and whatever the clock says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Refused
from hub.exchange.hubless import taking
from hub.ports import Parcel
from tests.exchange.hubless.conftest import Pair
from tests.exchange.hubless.test_keeping import NOTICE, bureau
from tests.exchange.hubless.test_taking import records
from tests.exchange.hubs import Hubs


def form(parcel_id: str, forename: str) -> Parcel:
    return Parcel(parcel_id=parcel_id, content=json.dumps(NOTICE | {"forename": forename}).encode())


def take(pair: Pair, parcel: Parcel) -> None:
    taking.take(pair.broker, pair.broker.standing().hubless["de-bka"], parcel)


def versions(pair: Pair) -> list[tuple[str, int]]:
    return [(row.record_id, row.version) for row in records(pair)]


def test_two_forms_that_are_weighed_at_once_are_two_versions_of_one_record(
    hubs: Hubs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = bureau(hubs, tmp_path)
    admit, came = taking.admit, []

    def amid(*given: Any, **more: Any) -> Any:
        found = admit(*given, **more)
        if not came:
            came.append(True)
            take(pair, form("two", "NOW"))
        return found

    monkeypatch.setattr(taking, "admit", amid)
    with pytest.raises(Refused, match="conflict"):
        take(pair, form("one", "BEFORE"))
    assert len(records(pair)) == 1, "nothing of what must be weighed again is stored"
    take(pair, form("one", "BEFORE"))
    (record_id, first), (again, second) = versions(pair)
    assert (again, first, second) == (record_id, 1, 2)


def test_what_comes_after_the_clock_was_set_back_is_the_next_version(hubs: Hubs, tmp_path: Path) -> None:
    pair = bureau(hubs, tmp_path)
    take(pair, form("one", "BEFORE"))
    hubs.clock.pass_(-3600)
    take(pair, form("two", "NOW"))
    assert [version for _, version in versions(pair)] == [1, 2]
