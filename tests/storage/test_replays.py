from __future__ import annotations

import pytest

from hub.entries import Replay
from hub.errors import HubError
from hub.ports import Store
from tests.storage import rows


def _replay(key: str, seconds: float = 0) -> Replay:
    return Replay(
        client="kz-mvd", key=key, request_digest=b"r" * 32, status=201, body=b"{}", at=rows.at(seconds)
    )


def test_an_answer_is_remembered_until_it_is_forgotten(store: Store) -> None:
    old, new = _replay("old"), _replay("new", 10)
    with store.work() as work:
        work.replays.put(old)
        work.replays.put(new)
        work.commit()
    with store.read() as view:
        assert view.replays.get("kz-mvd", "old") == old
        assert view.replays.get("kz-border", "old") is None
    with store.work() as work:
        assert work.replays.forget_before(rows.at(10)) == 1
        work.commit()
    with store.read() as view:
        assert view.replays.get("kz-mvd", "old") is None
        assert view.replays.get("kz-mvd", "new") == new


def test_a_key_is_used_once(store: Store) -> None:
    with store.work() as work:
        work.replays.put(_replay("key"))
        work.commit()
    with store.work() as work, pytest.raises(HubError) as refused:
        work.replays.put(_replay("key", 1))
    assert refused.value.code == "conflict"
