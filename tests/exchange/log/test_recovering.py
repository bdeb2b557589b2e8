from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.audit.events import Act
from hub.exchange.broker import Broker
from hub.exchange.log.checking import check_start
from hub.exchange.log.publishing import publish, published_checkpoint
from hub.exchange.log.recovering import recover
from hub.exchange.log.verifying import Verification
from tests.exchange.hubs import CUSTODIAN
from tests.exchange.log.logs import own, sequence_all, signed, stage
from tests.storage.rows import fails

REASON = "the disk failed; the backup of Sunday was restored"


def read_from(folder: Path) -> Callable[[str], bytes | None]:
    return lambda path: (folder / path).read_bytes() if (folder / path).is_file() else None


def events(broker: Broker) -> list[object]:
    with broker.store.read() as view:
        return [event for _, event in view.events(after=0, limit=10_000)]


def copy_of_events(source: Broker, target: Broker, number: int) -> None:
    """Stage in one database what was staged first in another: what a backup brings back."""
    with source.store.read() as view, target.store.work() as work:
        work.stage(event for _, event in view.events(after=0, limit=number))
        work.commit()


@pytest.fixture
def restored(hubs_pair: tuple[Broker, Broker], tmp_path: Path) -> Broker:
    """A database with 270 of 600 published entries, 30 of which had no index yet when it was backed up."""
    ours, restored = hubs_pair
    stage(ours, 240)
    signed(ours, 30)
    copy_of_events(ours, restored, 240)
    sequence_all(restored)
    copy_of_events_after(ours, restored, 240)
    signed(ours, 330)
    publish(ours.store, tmp_path)
    return restored


def copy_of_events_after(source: Broker, target: Broker, after: int) -> None:
    with source.store.read() as view, target.store.work() as work:
        found = [event for _, event in view.events(after=0, limit=1000)]
        work.stage(found[after:])
        work.commit()


def test_lost_entries_come_back_and_the_log_goes_on_where_it_was(restored: Broker, tmp_path: Path) -> None:
    assert recover(restored, CUSTODIAN, read_from(tmp_path), reason=REASON) == (240, 600)
    with restored.store.read() as view:
        check_start(view.log, own(restored), published=published_checkpoint(tmp_path))
        last = view.log.checkpoint()
        told = [event for _, event in view.events(after=0, limit=1000)]
    assert last is not None
    assert last.size == 600
    assert [event.act for event in told].count(Act.LOST) == 330
    assert (told[-1].act, told[-1].justification) == (Act.RECOVERED, REASON)
    assert told[-1].details == {"first": "240", "entries": "360"}
    signed(restored, 5)
    assert publish(restored.store, tmp_path)
    check = Verification(store=restored.store, own=own(restored), published=read_from(tmp_path))
    for _ in check.steps():
        pass
    assert check.findings == []
    assert check.place.erased == 330


def test_recovery_takes_a_reason(restored: Broker, tmp_path: Path) -> None:
    with fails("justification-missing"):
        recover(restored, CUSTODIAN, read_from(tmp_path), reason=" ")


def test_a_database_that_lacks_nothing_is_left_alone(broker: Broker, tmp_path: Path) -> None:
    signed(broker, 5)
    publish(broker.store, tmp_path)
    with fails("conflict"):
        recover(broker, CUSTODIAN, read_from(tmp_path), reason=REASON)


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries/001"])
def test_a_file_that_is_missing_is_named_and_nothing_is_stored(
    restored: Broker, tmp_path: Path, path: str
) -> None:
    before = events(restored)
    (tmp_path / path).unlink()
    with fails("not-found"):
        recover(restored, CUSTODIAN, read_from(tmp_path), reason=REASON)
    assert events(restored) == before


def test_a_database_that_went_on_after_it_was_set_back_is_not_recovered(
    restored: Broker, tmp_path: Path
) -> None:
    stage(restored, 1)
    with fails("log-forked"):
        recover(restored, CUSTODIAN, read_from(tmp_path), reason=REASON)
    sequence_all(restored)
    with fails("log-forked"):
        recover(restored, CUSTODIAN, read_from(tmp_path), reason=REASON)


@pytest.mark.parametrize("path", ["tile/entries/001", "tile/entries/000", "tile/entries/002.p/88"])
def test_altered_files_are_not_taken(restored: Broker, tmp_path: Path, path: str) -> None:
    content = bytearray((tmp_path / path).read_bytes())
    at = content.index(b'"act":"', len(content) - 450) + 10
    content[at] ^= 1
    (tmp_path / path).write_bytes(content)
    before = events(restored)
    with pytest.raises(Exception, match="log-") as refused:
        recover(restored, CUSTODIAN, read_from(tmp_path), reason=REASON)
    assert getattr(refused.value, "code", "") in {"log-forked", "log-entry-invalid"}
    assert events(restored) == before
