from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from tests.servers.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Any]]:
    """What hubs are told: nothing, for the embedded database; or PostgreSQL and two workers each."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield {}
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            yield {"databases": lambda: stack.enter_context(server.database()), "workers": 2}
