"""Read a collection to its end, again and again: nothing lost, nothing twice, whatever breaks off.

Dates added are not unique and servers commit late, so each walk begins `overlap_s` before the last date that
was seen, and what came before is known by its content. A `next` that may have been used up is not used again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.carriers.taxii.asking import ApiRoot, Page, instant
from adapters.carriers.taxii.assembling import assemble
from adapters.carriers.taxii.store import Cursor, Store
from adapters.contract import Parcel
from adapters.reading import write_json
from hub.errors import PeerFault

_PAGES_EACH: Final = 50


class Puller:
    """Reads one collection."""

    def __init__(
        self,
        root: ApiRoot,
        store: Store,
        collection: str,
        *,
        overlap_s: int,
        max_waiting_bytes: int,
        now: Callable[[], datetime],
    ) -> None:
        self._root = root
        self._store = store
        self.collection = collection
        self._overlap = timedelta(seconds=overlap_s)
        self._max_waiting_bytes = max_waiting_bytes
        self._now = now

    def pull(self, limit: int) -> list[Parcel]:
        """Return parcels that wait; pages are read only while there are fewer than asked for."""
        self._store.waiting()
        for _ in range(_PAGES_EACH):
            found = self._store.parcels(limit)
            if len(found) >= limit:
                return found
            try:
                more = self._step()
            except PeerFault:
                if found:
                    return found  # what is here already does not wait for the partner
                raise
            if not more:
                break
        return self._store.parcels(limit)

    def _step(self) -> bool:
        """Read one page and bundle what is whole; tell whether there are more pages."""
        page, cursor = self._page()
        waiting = self._store.waiting()
        known = self._store.seen()
        new = {one: each for one, each in page.objects.items() if one not in known and one not in waiting}
        waiting |= new
        if new:
            self._store.keep(waiting)
        self._see(cursor, [one for one in waiting if one not in known], added=page.last or cursor.safe)
        self._store.move(cursor)
        # What never becomes whole must not fill the memory.
        full = len(write_json(waiting)) > self._max_waiting_bytes
        made = assemble(waiting, at_end=full or not page.more, look_up=self._look_up)
        if made.bundles:
            # A page that is still to come has them too; they are in a bundle then, and not alone.
            self._see(cursor, made.looked_up, added=instant(self._now()))
            self._store.bundle(made.bundles, made.waiting)
        return page.more

    def _page(self) -> tuple[Page, Cursor]:
        """Ask for the next page; return it and where reading then goes on."""
        cursor = self._store.cursor()
        if not cursor.walking or cursor.asked:
            cursor = Cursor(safe=cursor.safe, after=self._begin(cursor.safe), walking=True)
        page = None
        if cursor.next is not None:
            self._store.move(replace(cursor, asked=True))
            page = self._root.page(self.collection, after=cursor.after, next_page=cursor.next)
        if page is None:
            if cursor.next is not None:
                cursor = Cursor(safe=cursor.safe, after=self._begin(cursor.safe), walking=True)
            page = self._root.page(self.collection, after=cursor.after, next_page=None)
            if page is None:
                raise PeerFault("partner-misbehaved", "The partner's server refuses a page without a cursor.")
        return page, self._behind(cursor, page)

    def _behind(self, cursor: Cursor, page: Page) -> Cursor:
        # A date in the future would let us miss all that comes until then.
        last = None if page.last is None else min(page.last, instant(self._now()))
        safe = max(filter(None, (cursor.safe, last)), default=None)
        if not page.more:
            return Cursor(safe=safe)
        if page.next is not None:
            return Cursor(safe=safe, after=cursor.after, next=page.next, walking=True)
        if page.last is None or page.last <= (cursor.after or ""):
            raise PeerFault("partner-misbehaved", "The partner's server has more and does not say where.")
        return Cursor(safe=safe, after=page.last, walking=True)

    def _see(self, cursor: Cursor, names: Collection[str], *, added: str | None) -> None:
        self._store.see(names, added=added or "", forget_before=self._begin(cursor.safe) or "")

    def _begin(self, safe: str | None) -> str | None:
        return None if safe is None else instant(datetime.fromisoformat(safe) - self._overlap)

    def _look_up(self, ids: Collection[str]) -> dict[str, Any]:
        return self._root.objects(self.collection, ids, versions="all")
