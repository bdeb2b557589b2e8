"""Building the next root and list of participants from what is asked. Pure: nobody has signed them yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from hub.federation.directory.changes import Base, Change, change_invalid
from hub.federation.directory.documents import Foundation, Founder, Participant, make_root, make_targets
from hub.federation.directory.joining import Joining, read_joining

#: How long a root and a list of participants hold. Entries hold as long as a card can be pinned.
DOCUMENT_LIFE: Final = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to change. `add` and `found` are requests to join; who founds is a participant as well."""

    name: str | None = None
    needed: int | None = None
    add: Sequence[bytes] = field(default=(), repr=False)
    found: Sequence[bytes] = field(default=(), repr=False)
    remove: Collection[str] = ()
    demote: Collection[str] = ()
    suspend: Collection[str] = ()
    restore: Collection[str] = ()


def build_change(base: Base, wish: Wish, *, at: datetime) -> Change:
    """Return the change that a wish asks for; raise Refused `directory-change-invalid`.

    Each change renews the list of participants; the root is renewed with its founders, or when half its life
    is over.
    """
    founding = {one.agency: (raw, one) for raw, one in map(_read, wish.found)}
    adding = {one.agency: (raw, one) for raw, one in map(_read, wish.add)} | founding
    try:
        participants = _participants(base, wish, {agency: one for agency, (_, one) in adding.items()})
        targets = make_targets(
            participants, version=base.targets.version + 1 if base.targets else 1, expires=at + DOCUMENT_LIFE
        )
        foundation = _foundation(base, wish, {agency: one for agency, (_, one) in founding.items()})
        old = base.root
        root = None
        if old is None or foundation != base.foundation or old.expires - at < DOCUMENT_LIFE / 2:
            version = 1 if old is None else old.version + 1
            root = make_root(foundation, version=version, expires=at + DOCUMENT_LIFE).to_bytes()
        if missing := sorted(set(foundation.agencies) - {participant.agency for participant in participants}):
            raise ValueError(f"{missing[0]} is a founder and has no entry")
    except ValueError as error:
        raise change_invalid(str(error)) from None
    return Change(
        root=root, targets=targets.to_bytes(), requests={agency: raw for agency, (raw, _) in adding.items()}
    )


def _read(raw: bytes) -> tuple[bytes, Joining]:
    return raw, read_joining(raw)


def _participants(base: Base, wish: Wish, adding: Mapping[str, Joining]) -> list[Participant]:
    found = {participant.agency: participant for participant in base.participants}
    for agency, joining in adding.items():
        suspended = found[agency].suspended if agency in found else False
        found[agency] = replace(joining.participant, suspended=suspended)
    for agency in (*wish.remove, *wish.suspend, *wish.restore):
        if agency not in found:
            raise ValueError(f"{agency} is not a participant")
    for agency in wish.remove:
        del found[agency]
    for agency in wish.suspend:
        found[agency] = replace(found[agency], suspended=True)
    for agency in wish.restore:
        found[agency] = replace(found[agency], suspended=False)
    return list(found.values())


def _foundation(base: Base, wish: Wish, founding: Mapping[str, Joining]) -> Foundation:
    before = base.foundation
    found: dict[str, Founder] = {f.agency: f for f in before.founders} if before else {}
    found |= {agency: joining.founder for agency, joining in founding.items()}
    for agency in wish.demote:
        if agency not in found:
            raise ValueError(f"{agency} is not a founder")
        del found[agency]
    name = before.name if before else wish.name
    if name is None or (wish.needed is None and before is None):
        raise ValueError("a directory is founded with a name and with how many founders decide")
    needed = wish.needed if wish.needed is not None else before.needed if before else 0
    return Foundation(name=name, needed=needed, founders=tuple(found.values()))
