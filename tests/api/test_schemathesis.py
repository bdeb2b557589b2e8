"""The live specification against the live hub: whatever is sent, the answer is one that is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from hub.api.app import ROOMS
from tests.api.live import Live, live_hub

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub in a process of its own."""
    with live_hub(tmp_path_factory.mktemp("live")) as made:
        yield made


@pytest.fixture(scope="module")
def attempts(live: Live) -> Any:
    """What makes and sends requests; here, because Schemathesis takes seconds to load."""
    from tests.api.attempts import Attempts

    return Attempts(live)


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("room", [room.name for room in ROOMS])
def test_every_answer_is_a_declared_one(attempts: Any, room: str, mode: str) -> None:
    operations = attempts.operations(room)
    assert operations
    failed = [told for one in operations if (told := attempts.tried(one, mode))]
    assert not failed, "\n\n".join(failed)


def test_the_hub_is_well_afterwards(live: Live) -> None:
    said = requests.get(f"{live.url}/readyz", verify=live.authority, timeout=10)
    told = said.json()
    # The partner's hub is not served here: in a long run it is asked what it revoked, and gives no answer.
    assert set(told.pop("warnings")) <= {"revocation-unknown"}
    assert told == {"database": True, "dispatcher": True, "log": True}
