"""Interpol's public notices as parcels: each notice of a list, and again when it was changed.

A list is looked through once in a while, a few notices at each look, so nobody waits for thousands of them.
Nothing can be sent this way, and nobody there is told what became of a notice. A notice that two whole looks
missed comes as its withdrawal, which is ours to say, as the list says nothing (`adapters.interpol.absence`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from adapters.carriers import durable
from adapters.carriers.mutual_tls import TlsServer, believing
from adapters.carriers.names import is_name
from adapters.contract import Health, Materials, Parcel, PartnerReceipt, Verdict
from adapters.interpol.absence import Place, compare, gone_document, read_places, write_places
from adapters.interpol.feed import ANSWER_MAX_BYTES, LISTS, Feed
from adapters.interpol.looks import GONE, Known, Sweep, digest_of, form_of, is_gone, name_of, notice_of
from adapters.interpol.partition import Listing
from adapters.profiles import choice, only, text, whole
from adapters.reading import read_json
from hub.errors import HubError, PeerFault, Refused

BASE: Final = "https://ws-public.interpol.int"
_DAY_S: Final = 86_400
_SWEEP_MAX_BYTES: Final = 64 * 1024 * 1024
_KNOWN_MAX_BYTES: Final = 1024
#: Of the notices that were taken, no more than this share is believed to be gone at once.
GONE_PERCENT_MAX: Final = 10
_SHOWN_GONE: Final = 5
_GONE_TOLD_S: Final = 30 * _DAY_S


class FeedCarrier:
    """Our end of one public list. Several processes may look at once: what both do is done once."""

    def __init__(
        self,
        feed: Feed,
        which: str,
        folder: Path,
        *,
        every_s: int,
        withdraws: bool = True,
        gone_percent_max: int = GONE_PERCENT_MAX,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._feed = feed
        self._which = which
        self._folder = folder
        self._every_s = every_s
        self._withdraws = withdraws
        self._gone_percent_max = gone_percent_max
        self._now = now

    def push(self, parcel: Parcel) -> None:
        """Refuse: a public list is read."""
        raise Refused("kind-not-carried", "Nothing can be sent to a public list of notices.")

    def pull(self, *, limit: int) -> Sequence[Parcel]:
        """Return notices that are new or changed, once more of the list was looked at.

        What waits does not wait for a server that is away.
        """
        waiting = len(list(durable.files(self._folder / "waiting")))
        try:
            if waiting < limit:
                self._look(limit)
        except PeerFault:
            if not waiting:
                raise
        found: list[Parcel] = []
        for path in durable.files(self._folder / "waiting"):
            content = durable.content(path, ANSWER_MAX_BYTES)
            if content is not None and len(found) < limit:
                found.append(Parcel(parcel_id=path.name, content=content))
        return found

    def acknowledge(self, parcel_id: str, verdict: Verdict) -> None:
        """Remember which form of a notice was taken, or refused: that one is not brought again."""
        waiting = self._folder / "waiting" / parcel_id
        document = durable.content(waiting, ANSWER_MAX_BYTES) if is_name(parcel_id) else None
        if document is None:
            return
        name = notice_of(parcel_id)
        if is_gone(parcel_id):
            self._forget(name)
        else:
            known = Known(digest=digest_of(document), forms=self._forms(name) + 1)
            durable.write(self._folder / "known" / name, known.written())
        durable.remove(waiting)

    def receipts(self, *, limit: int) -> Sequence[PartnerReceipt]:
        """Return none: nothing was sent."""
        return []

    def settle(self, parcel_id: str) -> None:
        """Do nothing: nothing was sent."""

    def health(self) -> Health:
        """Tell what the last look found, and what is gone from the list."""
        sweep = self._sweep()
        if sweep is None:
            return Health(well=True, sentence="The list was not looked at yet.")
        gone = self.gone()
        shown = f"{sweep.found:,} notices are listed, {len(sweep.left):,} of them to be looked at"
        told = {"more are not shown to anyone": sweep.missing, "cannot be read": sweep.odd}
        if wrong := [f"{count:,} {what}" for what, count in told.items() if count]:
            return Health(well=False, sentence=f"{shown}; {', '.join(wrong)}.")
        if sweep.held:
            doubt = f"{sweep.held:,} that were taken are gone at once, too many to believe; none is withdrawn"
            return Health(well=False, sentence=f"{shown}; {doubt}.")
        if sweep.missed:
            shown += f"; {sweep.missed:,} are missed, and looked for once more"
        if gone:
            named = ", ".join(gone[:_SHOWN_GONE]) + (", …" if len(gone) > _SHOWN_GONE else "")
            shown += f"; {len(gone):,} were withdrawn: {named}"
        return Health(well=True, sentence=f"{shown}.")

    def gone(self) -> Sequence[str]:
        """Return the names of notices that were taken, and were withdrawn in the last month."""
        since = self._now() - _GONE_TOLD_S
        return [path.name for path in durable.files(self._folder / "gone") if path.stat().st_mtime >= since]

    def _look(self, limit: int) -> None:
        """Fetch the next few notices of the list; of a list that was looked through, later again."""
        sweep = self._sweep()
        if sweep is None or (not sweep.left and self._now() - sweep.began_at >= self._every_s):
            sweep = self._begin(self._feed.listing(self._which))
            durable.write(self._folder / "sweep", sweep.written())
        if not sweep.left:
            return
        now, later = sweep.left[:limit], sweep.left[limit:]
        odd = sum(not self._fetch(number, path) for number, path in now)
        durable.write(self._folder / "sweep", replace(sweep, left=later, odd=sweep.odd + odd).written())

    def _begin(self, listing: Listing) -> Sweep:
        """Begin to look through a list; what two whole looks missed that was taken before is withdrawn."""
        at = self._now()
        kept = self._folder / f"places-{self._which}"
        places = read_places(durable.content(kept, _SWEEP_MAX_BYTES))
        known = {path.name for path in durable.files(self._folder / "known")}
        waiting = self._waiting()
        known |= {
            notice_of(one.name) for one in waiting
        }  # what has no verdict yet may be taken, and be missed then
        leaving = {notice_of(one.name) for one in waiting if is_gone(one.name)}
        seen = compare(
            places,
            (known & places.keys()) - leaving,  # what another list had, this one cannot miss
            {name_of(number): Place(number=number, path=path) for number, path in listing.found.items()},
            whole=not listing.missing,
            at=at,
            every_s=self._every_s,
            percent_max=self._gone_percent_max,
        )
        for name in seen.gone:
            self._withdraw(name, seen.places[name])
        durable.write(kept, write_places(seen.places))
        return Sweep(
            began_at=at,
            found=len(listing.found),
            missing=listing.missing,
            odd=0,
            left=tuple(listing.found.items()),
            missed=seen.missed,
            held=seen.held,
        )

    def _withdraw(self, name: str, place: Place) -> None:
        """Have the withdrawal of a notice wait, in the place of any form of it."""
        if not self._withdraws:
            self._forget(name)
            return
        now = self._folder / "waiting" / f"{name}.{GONE}{self._forms(name)}"
        self._discard(name, now)
        if not now.exists():
            durable.write(now, gone_document(place, self._feed.address(place.path)))

    def _forget(self, name: str) -> None:
        """Note that a notice is gone: it is told of for a month, and new if it is listed again."""
        forms = self._forms(name) + 1
        durable.write(self._folder / "gone" / name, str(forms).encode())
        durable.remove(self._folder / "known" / name)

    def _waiting(self) -> list[Path]:
        return list(durable.files(self._folder / "waiting"))

    def _discard(self, name: str, but: Path) -> None:
        """Discard the forms of a notice that wait and are out of date."""
        for path in self._waiting():
            if notice_of(path.name) == name and path != but and not is_gone(path.name):
                durable.remove(path)

    def _fetch(self, number: str, path: str) -> bool:
        """Fetch one notice, if it is still there; tell whether it could be read."""
        try:
            for _, document in self._feed.notices(Listing(found={number: path}, missing=0)):
                if _withdraws(document):
                    return False
                self._keep(name_of(number), document)
        except PeerFault as fault:
            if fault.code == "partner-unreachable":
                raise
            return False
        return True

    def _keep(self, name: str, document: bytes) -> None:
        """Have a notice wait that is new, or is not as it was; what waits of it is out of date then."""
        known = self._known(name)
        if known is not None and known.digest == digest_of(document):
            return
        now = self._folder / "waiting" / f"{name}.{form_of(document, self._forms(name))}"
        self._discard(name, now)
        if not now.exists():
            durable.write(now, document)

    def _known(self, name: str) -> Known | None:
        raw = durable.content(self._folder / "known" / name, _KNOWN_MAX_BYTES)
        return None if raw is None else Known.read(raw)

    def _forms(self, name: str) -> int:
        """Return how many forms of a notice were brought, also before it was gone from the list."""
        if (known := self._known(name)) is not None:
            return known.forms
        gone = durable.content(self._folder / "gone" / name, _KNOWN_MAX_BYTES) or b""
        return int(gone) if gone.isdigit() else 0

    def _sweep(self) -> Sweep | None:
        """Return the present look; one that cannot be read any more is begun anew."""
        raw = durable.content(self._folder / "sweep", _SWEEP_MAX_BYTES)
        try:
            return None if raw is None else Sweep.read(raw)
        except (KeyError, TypeError, ValueError):
            return None


def _withdraws(document: bytes) -> bool:
    """Tell whether a document of the server says what we alone say, after looking twice."""
    try:
        value = read_json(document, max_bytes=ANSWER_MAX_BYTES)
    except HubError:
        return False  # the hub refuses it, and keeps it
    return isinstance(value, dict) and GONE in value


def make(options: Mapping[str, Any], materials: Materials) -> FeedCarrier:
    """Make our end of the public list that a profile names."""
    seconds = partial(whole, options, lowest=1, highest=600)
    only(
        options,
        *("list", "base_url", "authority", "every_s", "connect_timeout_s", "request_timeout_s"),
        *("gone", "gone_percent_max"),
    )
    base = text(options, "base_url", default=BASE)
    named = text(options, "authority", default="") if "authority" in options else None
    server = TlsServer(
        base,
        believing(() if named is None else materials.certificates(named), tls="1.2"),
        headers={"Accept": "application/json"},
        connect_timeout_s=seconds("connect_timeout_s", default=10),
        request_timeout_s=seconds("request_timeout_s", default=60),
        max_bytes=ANSWER_MAX_BYTES,
    )
    return FeedCarrier(
        Feed(server, base_url=base),
        choice(options, "list", frozenset(LISTS), default="red"),
        materials.folder(),
        every_s=whole(options, "every_s", lowest=3600, highest=30 * _DAY_S, default=_DAY_S),
        withdraws=choice(options, "gone", frozenset({"withdraw", "tell"}), default="withdraw") == "withdraw",
        gone_percent_max=whole(options, "gone_percent_max", lowest=0, highest=100, default=GONE_PERCENT_MAX),
    )
