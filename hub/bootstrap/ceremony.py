"""A key ceremony: custodians make a hub's keys before witnesses, and all that was done is signed.

The steps are the same whoever answers, people at a terminal or a file of answers; `Room` is who does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final, Protocol

from hub.audit.events import Act
from hub.bootstrap.backing_up import MadeBackup, backup_keys, check_backup
from hub.bootstrap.hardening import forbid_core_dumps
from hub.bootstrap.machine import check_machine, software
from hub.bootstrap.opening import Hub, SystemClock, open_hub
from hub.bootstrap.secrets import Unlock
from hub.envelope.canonical import canonical, digest
from hub.envelope.documents import sign_document
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure
from hub.federation.card import fingerprint, words
from hub.records.actor import Actor
from hub.records.times import as_text
from keys.inventory import KeyEntry, Where

FORMAT: Final = "hub-ceremony/1"
CEREMONY_TYPE: Final = "hub-ceremony+jws"
_CUSTODIANS_MIN: Final = 2
_PRESENT_MAX: Final = 64
_TEXT_MAX: Final = 200


class Part(Enum):
    """What somebody who is present does there."""

    CUSTODIAN = "custodian"
    WITNESS = "witness"
    OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True)
class Present:
    """Somebody who is present. Custodians get a share each, in their order."""

    name: str
    agency: str
    part: Part

    def __post_init__(self) -> None:
        for text in (self.name, self.agency):
            if not text.strip() or len(text) > _TEXT_MAX or not text.isprintable():
                raise ValueError(f"who is present has a name and an agency of at most {_TEXT_MAX} characters")

    def __str__(self) -> str:
        return f"{self.name} ({self.agency}, {self.part.value})"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is known before anything begins: where, why, who, and how the keys are shared out."""

    place: str
    purpose: str
    present: tuple[Present, ...]
    threshold: int

    def __post_init__(self) -> None:
        for text in (self.place, self.purpose):
            if not text.strip() or len(text) > _TEXT_MAX or not text.isprintable():
                raise ValueError(
                    f"place and purpose have at most {_TEXT_MAX} characters each, and at least one"
                )
        if len(self.present) > _PRESENT_MAX or len({one.name for one in self.present}) != len(self.present):
            raise ValueError(f"at most {_PRESENT_MAX} people are present, each with a name of their own")
        if len(self.custodians) < _CUSTODIANS_MIN:
            raise ValueError(f"a ceremony needs {_CUSTODIANS_MIN} custodians or more")
        if not any(one.part is Part.WITNESS for one in self.present):
            raise ValueError("a ceremony needs a witness who gets no share")
        if not 2 <= self.threshold <= len(self.custodians):
            raise ValueError("the threshold is 2 or more, and no more than there are custodians")

    @property
    def custodians(self) -> tuple[Present, ...]:
        """Return who gets a share, in the order of the shares."""
        return tuple(one for one in self.present if one.part is Part.CUSTODIAN)


class Room(Protocol):
    """Those who are present, as the steps meet them."""

    def tell(self, text: str) -> None:
        """Say something to all."""
        ...

    def confirm(self, question: str) -> None:
        """Have a question confirmed by those it names; raise Refused `interrupted` where they do not."""
        ...

    def compare(self, told: Sequence[str]) -> None:
        """Have words compared aloud; raise Refused `pin-not-confirmed` where they are not the same."""
        ...

    def hand_out(self, made: MadeBackup, custodians: Sequence[str]) -> None:
        """Give each custodian the share that is theirs."""
        ...

    def take_back(self, made: MadeBackup) -> Sequence[str]:
        """Return the shares of as many custodians as restore the keys, as they hand them in for the test."""
        ...


@dataclass(kw_only=True)
class _Minutes:
    """What was done when, in its order."""

    now: Callable[[], datetime]
    steps: list[dict[str, object]] = field(default_factory=list)

    def note(self, step: str, told: str) -> None:
        self.steps.append({"at": as_text(self.now()), "step": step, "told": told})


@dataclass(frozen=True, kw_only=True)
class Ceremony:
    """A ceremony that took place: its protocol, the same signed by the new keys, and the backup."""

    protocol: Mapping[str, object]
    signed: bytes = field(repr=False)
    backup: MadeBackup = field(repr=False)


def hold_ceremony(
    home: Path, actor: Actor, plan: Plan, room: Room, *, make: Callable[[], object] | None, unlock: Unlock
) -> Ceremony:
    """Go through all steps; `make` makes the hub, None for one that was just made. The last one is logged.

    A ceremony that is broken off leaves a hub without a protocol: it is begun anew in a new home. Raises what
    the room raises, Refused and OurFault of each step, and IntegrityFailure `backup-invalid` where the test
    of the backup fails.
    """
    clock = SystemClock()
    minutes = _Minutes(now=clock.now)
    began = clock.now()
    minutes.note("opened", f"{plan.purpose}; at {plan.place}; {', '.join(map(str, plan.present))}")
    room.confirm(f"Everybody present is named, and by every watch here it is {began:%Y-%m-%d %H:%M} UTC.")
    minutes.note("clock", f"{began:%Y-%m-%d %H:%M} UTC was compared with other watches")
    machine = _look_at_machine(home, room, minutes)
    if make is not None:
        make()
    minutes.note("keys", "made in this ceremony" if make is not None else "made before it, by hub init")
    with open_hub(home, unlock=unlock) as hub:
        seen = fingerprint(hub.card())
        told = words(seen)
        room.compare(told)
        minutes.note("fingerprint", f"the twelve words were read aloud and compared: {' '.join(told)}")
        facts, entries = _facts(hub, seen, told), hub.keyring.inventory().entries
    made = backup_keys(home, actor, unlock=unlock, shares=len(plan.custodians), threshold=plan.threshold)
    room.hand_out(made, [one.name for one in plan.custodians])
    minutes.note("shares", f"each of {len(plan.custodians)} custodians has one; {plan.threshold} restore")
    _test(made, room, entries)
    minutes.note(
        "restored", "the backup was opened from the shares in a folder that is gone; every key opens"
    )
    room.confirm("Every custodian keeps a share, nobody two, and no page or file of them is left here.")
    minutes.note("closed", "nothing of the shares is left on the machine")
    protocol: dict[str, object] = {
        "format": FORMAT,
        "agency": made.backup.header.agency,
        "place": plan.place,
        "purpose": plan.purpose,
        "began_at": as_text(began),
        "ended_at": as_text(clock.now()),
        "present": [{"name": one.name, "agency": one.agency, "part": one.part.value} for one in plan.present],
        "software": software(),
        "machine": machine,
        **facts,
        "backup": _backup(made, plan),
        "steps": minutes.steps,
    }
    with open_hub(home, unlock=unlock) as hub:
        signed = sign_document(protocol, typ=CEREMONY_TYPE, keys=hub.keyring.signing(), suite=Suite.HYBRID_1)
        _log(hub, actor, protocol, plan)
    return Ceremony(protocol=protocol, signed=signed, backup=made)


def _look_at_machine(home: Path, room: Room, minutes: _Minutes) -> list[dict[str, object]]:
    forbid_core_dumps()
    found = check_machine(home)
    for one in found:
        room.tell(f"{'good     ' if one.good else 'ATTENTION'}  {one.what}: {one.seen}")
    if bad := [one.what for one in found if not one.good]:
        room.confirm(f"All present accept the machine as it is, with {', '.join(bad)}.")
        minutes.note("machine", f"accepted with {', '.join(bad)}")
    else:
        minutes.note("machine", "nothing to remark")
    return [one.as_document() for one in found]


def _facts(hub: Hub, seen: str, told: Sequence[str]) -> dict[str, object]:
    entries = hub.keyring.inventory().entries
    return {
        "card": {"fingerprint": seen, "words": list(told)},
        "keys": [_key(entry) for entry in entries],
        "log": [key.vkey for key in hub.keyring.log_key_sets()[-1].keys],
        "witness": [key.vkey for key in hub.keyring.witness_key_sets()[-1].keys],
    }


def _key(entry: KeyEntry) -> dict[str, object]:
    told: dict[str, object] = {
        "id": entry.key_id,
        "purpose": entry.purpose.value,
        "made_at": as_text(entry.made_at),
        "where": entry.where.value,
    }
    return told | ({} if entry.public is None else {"public_sha256": digest(entry.public).hex()})


def _backup(made: MadeBackup, plan: Plan) -> dict[str, object]:
    header = made.backup.header
    return {
        "id": header.backup_id,
        "checksum": made.backup.checksum,
        "threshold": plan.threshold,
        "holders": [
            {"share": number, "custodian": one.name} for number, one in enumerate(plan.custodians, start=1)
        ],
        "not_in_it": [one["id"] for one in header.absent],
    }


def _test(made: MadeBackup, room: Room, entries: Sequence[KeyEntry]) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-ceremony-") as folder:
        opened = check_backup(made.backup.as_bytes(), room.take_back(made), folder=Path(folder))
    held = {entry.key_id for entry in entries if entry.held and entry.where is Where.FILE}
    if {entry.key_id for entry in opened} != held:
        raise IntegrityFailure("backup-invalid", "The backup does not hold every key that was made.")


def _log(hub: Hub, actor: Actor, protocol: Mapping[str, object], plan: Plan) -> None:
    broker = hub.broker
    event = broker.event(
        Act.KEY_CHANGED,
        actor,
        broker.agency,
        broker.clock.now(),
        step="ceremony",
        protocol=digest(canonical(protocol)).hex(),
        present=str(len(plan.present)),
        custodians=str(len(plan.custodians)),
        threshold=str(plan.threshold),
    )
    with broker.store.work() as work:
        work.stage([event])
        work.commit()
