"""What a TAXII client must not forget: how far it read, what waits, what goes out. Each change is durable.

Order makes crashes harmless: a page's objects are kept before the place behind it is, and what is bundled is
written as one step with what then no longer waits.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from adapters.carriers import durable
from adapters.carriers.names import as_name
from adapters.contract import Parcel
from adapters.reading import read_json, write_json
from hub.errors import HubError, OurFault

_MAX_BYTES: Final = 1 << 30
_SEEN_COMPACT: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """How far a collection was read.

    `safe` is the last date added that was seen. A walk through pages asks for what was added after `after`
    and goes on at `next`; `asked` says that it was asked for and no answer is kept: some servers give each
    page once.
    """

    safe: str | None = None
    after: str | None = None
    next: str | None = None
    walking: bool = False
    asked: bool = False


class Store:
    """The folder of one partner's TAXII client. Raises OurFault `storage-unavailable`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, str] | None = None
        self._lines = self._left = 0

    def cursor(self) -> Cursor:
        """Return how far was read."""
        raw = self._read("cursor")
        return Cursor() if raw is None else Cursor(**json.loads(raw))

    def move(self, cursor: Cursor) -> None:
        """Keep how far was read."""
        self._write(self._folder / "cursor", json.dumps(asdict(cursor)).encode())

    def waiting(self) -> dict[str, Mapping[str, Any]]:
        """Return the objects that wait for others."""
        raw = self._read("waiting")
        if raw is None:
            return {}
        state = read_json(raw, max_bytes=_MAX_BYTES)
        if state["ready"]:  # bundled, and cut off before it was handed on
            self._hand_on(state["ready"], state["objects"])
        return dict(state["objects"])

    def keep(self, objects: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep the objects that wait for others."""
        self._write(self._folder / "waiting", write_json({"objects": objects, "ready": {}}))

    def bundle(self, bundles: Mapping[str, bytes], waiting: Mapping[str, Mapping[str, Any]]) -> None:
        """Make bundles parcels, as one step with what waits then."""
        ready = {parcel_id: content.decode() for parcel_id, content in bundles.items()}
        self._write(self._folder / "waiting", write_json({"objects": waiting, "ready": ready}))
        self._hand_on(ready, waiting)

    def _hand_on(self, ready: Mapping[str, str], waiting: Mapping[str, Mapping[str, Any]]) -> None:
        for parcel_id, content in ready.items():
            self._write(self._folder / "parcels" / parcel_id, content.encode())
        self.keep(waiting)

    def seen(self) -> Collection[str]:
        """Return the names of objects that were read and may come again."""
        return self._known()

    def see(self, names: Collection[str], *, added: str, forget_before: str) -> None:
        """Remember objects of a page by its last date added; forget those that can no longer come again."""
        known = self._known()
        known |= dict.fromkeys(names, added)
        with self._told():
            durable.append(self._folder / "seen", "".join(f"{added} {one}\n" for one in names).encode())
        self._lines += len(names)
        if self._lines > _SEEN_COMPACT and self._lines > 2 * self._left:
            self._seen = {one: at for one, at in known.items() if at >= forget_before}
            self._lines = self._left = len(self._seen)
            lines = "".join(f"{at} {one}\n" for one, at in self._seen.items())
            self._write(self._folder / "seen", lines.encode())

    def _known(self) -> dict[str, str]:
        if self._seen is None:
            raw = self._read("seen") or b""
            rows = [line.split(" ") for line in raw.decode().split("\n")]
            self._seen = {row[1]: row[0] for row in rows if len(row) == 2 and len(row[1]) == 64}
            self._lines = len(rows)
        return self._seen

    def parcels(self, limit: int) -> list[Parcel]:
        """Return parcels that were not acknowledged, oldest first."""
        found: list[Parcel] = []
        with self._told():
            for path in durable.files(self._folder / "parcels"):
                if len(found) == limit:
                    break
                raw = durable.content(path, _MAX_BYTES)
                if raw is not None:
                    found.append(Parcel(parcel_id=path.name, content=raw))
        return found

    def acknowledged(self, parcel_id: str) -> None:
        """Forget a parcel."""
        self._remove("parcels", parcel_id)

    def outgoing(self, parcel_id: str) -> dict[str, Any] | None:
        """Return what is known of a parcel that was pushed and not answered."""
        raw = durable.content(self._folder / "outgoing" / as_name(parcel_id), _MAX_BYTES)
        return None if raw is None else json.loads(raw)

    def all_outgoing(self) -> list[str]:
        """Return the ids of parcels that were pushed and not answered, oldest first."""
        with self._told():
            return [path.name for path in durable.files(self._folder / "outgoing")]

    def send(self, parcel_id: str, told: Mapping[str, Any]) -> None:
        """Keep what is known of a parcel that is pushed."""
        self._write(self._folder / "outgoing" / as_name(parcel_id), json.dumps(told).encode())

    def receipt(self, parcel_id: str) -> dict[str, Any] | None:
        """Return the receipt for a parcel."""
        raw = durable.content(self._folder / "receipts" / as_name(parcel_id), _MAX_BYTES)
        return None if raw is None else json.loads(raw)

    def receipts(self, limit: int) -> list[str]:
        """Return the ids of parcels with a receipt, oldest first."""
        with self._told():
            return [path.name for path in islice(durable.files(self._folder / "receipts"), limit)]

    def answered(self, parcel_id: str, receipt: Mapping[str, Any]) -> None:
        """Keep a receipt, then forget what it answers."""
        self._write(self._folder / "receipts" / as_name(parcel_id), json.dumps(receipt).encode())
        self._remove("outgoing", parcel_id)

    def settled(self, parcel_id: str) -> None:
        """Forget a receipt."""
        self._remove("outgoing", parcel_id)
        self._remove("receipts", parcel_id)

    def _read(self, name: str) -> bytes | None:
        return durable.content(self._folder / name, _MAX_BYTES)

    def _write(self, path: Path, raw: bytes) -> None:
        with self._told():
            durable.write(path, raw)

    def _remove(self, folder: str, parcel_id: str) -> None:
        path = self._folder / folder / as_name(parcel_id)
        with self._told():
            durable.remove(path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except HubError:
            raise
        except OSError as error:
            raise OurFault(
                "storage-unavailable", f"The carrier's folder cannot be used ({error.strerror})."
            ) from None
