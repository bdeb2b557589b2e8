"""Interpol's public notices as parcels: each notice of a list, and again when it was changed.

A list is looked through once in a while, a few notices at each look, so nobody waits for thousands of them.
Nothing can be sent this way, and nobody there is told what became of a notice. A notice that is gone from a
complete list was withdrawn: it is told of, by the carrier's health, for people to decide what follows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from adapters.carriers import durable
from adapters.carriers.mutual_tls import TlsServer, believing
from adapters.carriers.names import is_name
from adapters.contract import Health, Materials, Parcel, PartnerReceipt, Verdict
from adapters.interpol.feed import ANSWER_MAX_BYTES, LISTS, Feed
from adapters.interpol.partition import Listing
from adapters.profiles import choice, only, text, whole
from hub.errors import PeerFault, Refused

BASE: Final = "https://ws-public.interpol.int"
_DAY_S: Final = 86_400
_SWEEP_MAX_BYTES: Final = 64 * 1024 * 1024
_KNOWN_MAX_BYTES: Final = 1024
_SHOWN_GONE: Final = 5
_GONE_TOLD_S: Final = 30 * _DAY_S


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One look through a list: when it began, how much was listed and not shown, and what is left to fetch.

    `odd` is how many notices the server listed and then answered wrongly; the next look asks for them again.
    """

    began_at: float
    found: int
    missing: int
    odd: int
    left: tuple[tuple[str, str], ...] = field(repr=False)

    def written(self) -> bytes:
        """Return it as it is kept."""
        return json.dumps(vars(self)).encode("ascii")

    @classmethod
    def read(cls, raw: bytes) -> Sweep:
        """Return what was kept."""
        told = json.loads(raw)
        return cls(**{**told, "left": tuple((number, path) for number, path in told["left"])})


@dataclass(frozen=True, kw_only=True)
class Known:
    """The last form of a notice that was taken or refused, by its digest, and how many were."""

    digest: str
    forms: int

    def written(self) -> bytes:
        """Return it as it is kept."""
        return f"{self.digest} {self.forms}".encode("ascii")

    @classmethod
    def read(cls, raw: bytes) -> Known:
        """Return what was kept; before forms were counted, it was the digest alone."""
        digest, _, forms = raw.decode("ascii", "replace").partition(" ")
        return cls(digest=digest, forms=int(forms) if forms.isdecimal() else 1)


class FeedCarrier:
    """Our end of one public list. Several processes may look at once: what both do is done once."""

    def __init__(
        self, feed: Feed, which: str, folder: Path, *, every_s: int, now: Callable[[], float] = time.time
    ) -> None:
        self._feed = feed
        self._which = which
        self._folder = folder
        self._every_s = every_s
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
        if document is not None:
            name = _notice_of(parcel_id)
            known = Known(digest=_digest(document), forms=self._forms(name) + 1)
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
        if gone:
            named = ", ".join(gone[:_SHOWN_GONE]) + (", …" if len(gone) > _SHOWN_GONE else "")
            return Health(well=True, sentence=f"{shown}; {len(gone):,} were withdrawn: {named}.")
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
        if not sweep.left:
            return
        now, later = sweep.left[:limit], sweep.left[limit:]
        odd = sum(not self._fetch(number, path) for number, path in now)
        durable.write(self._folder / "sweep", replace(sweep, left=later, odd=sweep.odd + odd).written())

    def _begin(self, listing: Listing) -> Sweep:
        """Begin to look through a list; what was taken before and is gone from a whole one was withdrawn."""
        listed = {_name_of(number) for number in listing.found}
        known = {path.name for path in durable.files(self._folder / "known")}
        for name in known - listed if not listing.missing else ():
            durable.write(self._folder / "gone" / name, str(self._forms(name)).encode())
            durable.remove(self._folder / "known" / name)
        return Sweep(
            began_at=self._now(),
            found=len(listing.found),
            missing=listing.missing,
            odd=0,
            left=tuple(listing.found.items()),
        )

    def _fetch(self, number: str, path: str) -> bool:
        """Fetch one notice, if it is still there; tell whether it could be read."""
        try:
            for _, document in self._feed.notices(Listing(found={number: path}, missing=0)):
                self._keep(_name_of(number), document)
        except PeerFault as fault:
            if fault.code == "partner-unreachable":
                raise
            return False
        return True

    def _keep(self, name: str, document: bytes) -> None:
        """Have a notice wait that is new, or is not as it was; what waits of it is out of date then."""
        known = self._known(name)
        if known is not None and known.digest == _digest(document):
            return
        now = self._folder / "waiting" / f"{name}.{_form(document, self._forms(name))}"
        for path in list(durable.files(now.parent)):
            if _notice_of(path.name) == name and path != now:
                durable.remove(path)
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


def _name_of(number: str) -> str:
    """Return a notice's number as the name of a file; of one that is no name, its digest."""
    name = number.replace("/", "-")
    return name if is_name(name) and len(name) <= 80 else f"n-{sha256(number.encode()).hexdigest()}"


def _notice_of(parcel_id: str) -> str:
    """Return the name of the notice that a parcel is a form of."""
    return parcel_id.rpartition(".")[0]


def _digest(document: bytes) -> str:
    return sha256(document).hexdigest()[:32]


def _form(document: bytes, before: int) -> str:
    """Return what names a form of a notice after others: one that it had before is another parcel now."""
    return _digest(document) if not before else _digest(b"%d\n" % before + document)


def make(options: Mapping[str, Any], materials: Materials) -> FeedCarrier:
    """Make our end of the public list that a profile names."""
    only(options, "list", "base_url", "authority", "every_s", "connect_timeout_s", "request_timeout_s")
    base = text(options, "base_url", default=BASE)
    named = text(options, "authority", default="") if "authority" in options else None
    seconds = partial(whole, options, lowest=1, highest=600)
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
    )
