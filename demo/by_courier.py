"""A hub that no network reaches: a courier carries one medium to it and back, with records both ways.

It is never served. Whoever sits there takes the medium, works, and gives it back, as `hub courier` does; the
medium is a folder that is moved, so that each hub finds on it what the other one wrote and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.cast import AGREEMENTS, APART, NAMES, US, Place
from demo.clients import Trouble
from demo.ports import free_ports
from demo.stage import CUSTODIAN, adopt_all, staffed
from demo.story import Company, Script, document, send
from hub.bootstrap.carrying import kept_for, medium_in
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.approving import ByPassword
from hub.exchange.courier import bring_in, export
from hub.exchange.courier.importing import senders
from hub.exchange.drafting import draft
from hub.exchange.partners import pair
from hub.exchange.releasing import approve
from hub.federation.card import fingerprint
from hub.records.actor import Actor, ActorKind, Role
from hub.records.label import Classification
from hub.records.lifecycle import EntryState

FROM_APART = f"{US} (by courier)"
_AGREEMENTS = AGREEMENTS / "by-courier"
_AGREEMENT = "kz-am"
Key = tuple[str, int]


@dataclass(kw_only=True)
class Courier:
    """Both hubs, the medium where it lies now, and how often it was carried."""

    ours: Place
    theirs: Place
    medium: Path
    trips: int = 0
    taken: list[str] = field(default_factory=list)

    def play(self, company: Company, script: Script, *, stays: bool) -> None:
        """Release a record to the hub apart, and carry: it there, theirs back, and our receipt there.

        A courier who `stays` at home takes nothing anywhere.
        """
        send(company, script, US, "assistance-request", APART, agreement=_AGREEMENT)
        if stays:
            return
        with open_hub(self.ours.home) as ours, open_hub(self.theirs.home) as theirs:
            self._write(ours, APART)
            self._carry(theirs)
            script.expected.setdefault(FROM_APART, set()).add(_answered(theirs, self.theirs))
            self._write(theirs, US)
            self._carry(ours)
            self._write(ours, APART)
            self._carry(theirs)

    def found(self) -> Sequence[Key]:
        """Return what of ours lies at the hub apart."""
        with open_hub(self.theirs.home) as hub, hub.store.read() as view:
            rows = view.records.page(after=0, limit=100)
            return [(row.record_id, row.version) for row in rows if row.originator == US]

    def accepted(self) -> int:
        """Return how many entries of the hub apart have our verified receipt."""
        with open_hub(self.theirs.home) as hub, hub.store.read() as view:
            entries = view.outbox.page(after=0, limit=100)
            return sum(entry.state is EntryState.ACCEPTED for entry in entries)

    @property
    def line(self) -> str:
        """Return what people read of it."""
        return (
            f"{APART} has no network: one medium was carried {self.trips} times, "
            f"with {len(self.taken)} things on it, both ways."
        )

    def _write(self, hub: Hub, to: str) -> None:
        done = export(hub.broker, to, medium_in(self.medium), kept_for(hub.config.home, to))
        if done.left:
            raise Trouble(f"{hub.config.agency} could not put all on the medium: {done.left[0][1]}.")

    def _carry(self, to: Hub) -> None:
        """Move the medium to a hub, which takes what is on it for it."""
        there = self.medium.with_name(f"at-{to.config.agency}")
        self.medium = self.medium.rename(there)
        self.trips += 1
        medium = medium_in(there)
        for sender in senders(to.broker, medium):
            for one in bring_in(to.broker, sender, medium, kept_for(to.config.home, sender)):
                if one.code is not None:
                    raise Trouble(f"{to.config.agency} did not take a {one.what} off the medium: {one.code}.")
                self.taken.append(one.what)


def set_up(ours: Place, folder: Path) -> Courier:
    """Make the hub apart, pin both hubs at each other as reached by courier, and adopt their agreement."""
    (port,) = free_ports(1)  # a hub has an address, also where nobody ever calls it
    init_hub(folder / APART, agency=APART, name=NAMES[APART], port=port)
    with open_hub(ours.home) as here, open_hub(folder / APART) as there:
        for hub, other in ((here, there), (there, here)):
            card = other.card()
            pair(hub.broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card), by_courier=True)
            adopt_all(hub, _AGREEMENTS)
        theirs = staffed(there)
    medium = folder / "media" / f"at-{US}"
    medium.mkdir(parents=True)
    return Courier(ours=ours, theirs=theirs, medium=medium)


def _answered(hub: Hub, place: Place) -> Key:
    """Have two officers at the hub apart draft and release what they know; return which record it is."""
    made = document(APART, "spontaneous-information", agreement=_AGREEMENT, language="ru")
    made["legal_basis"] = {"agreement": _AGREEMENT, "articles": ["5(1)(a)"]}
    row = draft(hub.broker, _officer(place.drafter.name, Role.DRAFTER), made, recipients=[US])
    approve(
        hub.broker,
        _officer(place.releaser.name, Role.RELEASER),
        row.record_id,
        digest=row.digest,
        recipients=row.recipients,
        sign=ByPassword(password=place.releaser.password),
    )
    return row.record_id, row.version


def _officer(name: str, role: Role) -> Actor:
    return Actor(
        kind=ActorKind.OFFICER,
        id=name,
        agency=APART,
        roles=frozenset({role}),
        clearance=Classification.SECRET,
    )


def rows_from_apart(rows: Sequence[Mapping[str, Any]]) -> list[Key]:
    """Return the records at our hub that came from the hub apart."""
    return [(row["record_id"], row["version"]) for row in rows if row["originator"] == APART]
