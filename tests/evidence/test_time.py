"""Time stamps of an outside authority in a bundle: `openssl ts` made them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.evidence.anchors import Anchors, read_anchors, write_anchors
from hub.evidence.bundle import Bundle, read_bundle
from hub.evidence.findings import Outcome, Standing
from hub.evidence.verifying import verify_bundle
from hub.exchange.evidence.exporting import catch_up
from hub.ports import TimestampRow
from tests.evidence.test_given_up import anchors_without
from tests.evidence.world import World, keys_of, proven, resigned, small
from tests.exchange.hubs import Hubs
from tests.servers.tsa import Tsa, make_tsa


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Tsa:
    return make_tsa(tmp_path_factory.mktemp("tsa") / "one")


def stamped(hubs: Hubs, tsa: Tsa) -> tuple[World, bytes, Anchors]:
    world = small(hubs)
    catch_up(world.ours)
    with world.ours.store.read() as view:
        row = view.log.checkpoint()
    assert row is not None
    stamp = TimestampRow(
        number=row.number, size=row.size, tsa="test", at=world.ours.clock.now(), token=tsa.token(row.note)
    )
    with world.ours.store.work() as work:
        work.witnessing.add_timestamp(stamp)
        work.commit()
    return world, world.export(), world.anchors(witnesses=("sco-rats",), tsa_roots=(tsa.root,))


def test_a_time_stamp_dates_what_came_before_it(hubs: Hubs, tsa: Tsa) -> None:
    _world, raw, anchors = stamped(hubs, tsa)
    verdict = proven(raw, read_anchors(write_anchors(anchors)))
    assert "timestamp" in keys_of(verdict, Standing.PROVEN)
    assert "no-timestamp" not in keys_of(verdict, Standing.NOT_CHECKED)
    (clock,) = [one for one in verdict.clocks if one.what == "time-stamp"]
    assert clock.by == "CN=Test Time Authority"


def test_a_time_stamp_over_something_else_or_of_another_authority_is_disproven(
    hubs: Hubs, tsa: Tsa, tmp_path: Path
) -> None:
    world, raw, anchors = stamped(hubs, tsa)
    other = make_tsa(tmp_path / "other")

    def with_token(token: bytes) -> bytes:
        def change(whole: Bundle) -> Bundle:
            parts = tuple(
                replace(one, timestamps=(token,)) if one.timestamps else one for one in whole.checkpoints
            )
            return replace(whole, checkpoints=parts)

        return resigned(raw, world.ours, change)

    (note,) = [one.note.encode() for one in read_bundle(raw).bundle.checkpoints if one.timestamps]
    for token in (tsa.token(note + b"x"), other.token(note), b"no token"):
        verdict = verify_bundle(with_token(token), anchors)
        (finding,) = verdict.of(Standing.DISPROVEN)
        assert (finding.key, finding.code) == ("checkpoint-false", "timestamp-invalid")


def test_without_roots_a_time_stamp_is_not_checked(hubs: Hubs, tsa: Tsa) -> None:
    _world, raw, anchors = stamped(hubs, tsa)
    verdict = verify_bundle(raw, replace(anchors, tsa_roots=()))
    assert verdict.outcome is Outcome.PROVEN
    assert {"timestamp-no-roots", "no-timestamp"} <= keys_of(verdict, Standing.NOT_CHECKED)


def test_a_time_stamp_shows_what_a_key_signed_before_it_was_given_up(hubs: Hubs, tsa: Tsa) -> None:
    world, raw, anchors = stamped(hubs, tsa)
    alone = replace(anchors, needed=0, witnesses=())
    for at, key, standing in (
        (datetime(2199, 1, 1, tzinfo=UTC), "key-given-up-later", Standing.NOT_CHECKED),
        (datetime(2001, 1, 1, tzinfo=UTC), "key-given-up-before", Standing.NOT_SHOWN),
    ):
        verdict = verify_bundle(raw, anchors_without(alone, world.theirs, at))
        assert key in keys_of(verdict, standing)
