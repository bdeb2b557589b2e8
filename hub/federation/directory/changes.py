"""A proposed change of the directory: a file that founders pass around and sign, until enough have.

It holds the next list of participants, the next root where that changes, and the requests of who is new.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tuf.api.metadata import Root, Targets

from hub.errors import HubError, Refused
from hub.federation.card import words
from hub.federation.directory.documents import (
    Foundation,
    Participant,
    foundation_of,
    merged,
    participants_of,
    read_document,
    root_fingerprint,
    signers_of,
)
from hub.federation.directory.joining import Joining, read_joining

FORMAT: Final = "hub-directory-change/1"
CHANGE_MAX_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change; `root` and `targets` are TUF documents with the signatures that they have so far."""

    targets: bytes = field(repr=False)
    root: bytes | None = field(default=None, repr=False)
    requests: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def joining(self, agency: str) -> Joining:
        """Return the request of an agency."""
        return read_joining(self.requests[agency])


@dataclass(frozen=True, kw_only=True)
class Base:
    """The directory as it stands: what a change goes on from. Both are None before there is one."""

    root: Root | None = None
    targets: Targets | None = None

    @property
    def foundation(self) -> Foundation | None:
        """Return its founders."""
        return None if self.root is None else foundation_of(self.root)

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Return its participants."""
        return () if self.targets is None else participants_of(self.targets)


def write_change(change: Change) -> bytes:
    """Return a change as a file."""
    document = {
        "format": FORMAT,
        "root": None if change.root is None else change.root.decode(),
        "targets": change.targets.decode(),
        "requests": {agency: raw.decode() for agency, raw in change.requests.items()},
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def read_change(raw: bytes) -> Change:
    """Return a change; raise Refused `directory-change-invalid`."""
    try:
        told = json.loads(raw)
        if not isinstance(told, dict) or told.keys() != {"format", "root", "targets", "requests"}:
            raise ValueError("it has other members")
        if told["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        root = told["root"]
        change = Change(
            root=None if root is None else str(root).encode(),
            targets=str(told["targets"]).encode(),
            requests={str(agency): str(one).encode() for agency, one in dict(told["requests"]).items()},
        )
        read_document(change.targets, Targets)
        if change.root is not None:
            read_document(change.root, Root)
        for agency in change.requests:
            if change.joining(agency).agency != agency:
                raise ValueError(f"the request of {agency} is another agency's")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise change_invalid(str(error)) from None
    except HubError as error:
        raise change_invalid(error.sentence.rstrip(".")) from None
    return change


def is_change(raw: bytes) -> bool:
    """Tell a change from a request to join."""
    return f'"{FORMAT}"'.encode() in raw[:200]


def joined(changes: Sequence[Change]) -> Change:
    """Return one change with the signatures of all its copies; raise Refused `directory-change-invalid`."""
    first, *others = changes
    try:
        if any((other.root is None) != (first.root is None) for other in others):
            raise ValueError("they do not say the same")
        return replace(
            first,
            targets=merged(first.targets, [other.targets for other in others], Targets),
            root=None
            if first.root is None
            else merged(first.root, [other.root for other in others if other.root is not None], Root),
        )
    except ValueError as error:
        raise change_invalid(str(error)) from None


def check_follows(change: Change, base: Base) -> None:
    """Refuse a change that does not go on from the directory as it stands, or that lists what nobody asked.

    Every key of a participant or a founder is one that stood before, or stands in the agency's own request.
    """
    targets = read_document(change.targets, Targets).signed
    wanted = 1 if base.targets is None else base.targets.version + 1
    if targets.version != wanted:
        raise change_invalid(
            f"it makes version {targets.version} of the participants, but version {wanted} is next; refresh, "
            "or propose it again"
        )
    _check_root(change, base)
    known = {(m.agency, _ids(m.keys)) for m in base.participants}
    asked = {agency: change.joining(agency) for agency in change.requests}
    known |= {(agency, _ids(one.entry_keys)) for agency, one in asked.items()}
    for participant in participants_of(targets):
        if (participant.agency, _ids(participant.keys)) not in known:
            raise change_invalid(
                f"it lists keys of {participant.agency} that {participant.agency} has not asked for"
            )


def _check_root(change: Change, base: Base) -> None:
    if change.root is None:
        if base.root is None:
            raise change_invalid("it founds a directory without a root")
        return
    root = read_document(change.root, Root).signed
    wanted = 1 if base.root is None else base.root.version + 1
    if root.version != wanted:
        raise change_invalid(f"it makes root {root.version}, but the directory needs root {wanted} next")
    known = {
        (f.agency, _ids((*f.keys, f.publishing)))
        for f in (base.foundation.founders if base.foundation else ())
    }
    for agency in change.requests:
        joining = change.joining(agency)
        if joining.publishing_key is not None:
            known.add((agency, _ids((*joining.root_keys, joining.publishing_key))))
    new = foundation_of(root)
    if base.foundation is not None and new.name != base.foundation.name:
        raise change_invalid("it renames the directory")
    for founder in new.founders:
        if (founder.agency, _ids((*founder.keys, founder.publishing))) not in known:
            raise change_invalid(f"it lists root keys of {founder.agency} that it has not asked for")


def _ids(keys: Sequence[object]) -> frozenset[str]:
    return frozenset(str(getattr(key, "keyid", "")) for key in keys)


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """Who has signed a change, of whom, and whether that is enough for each of its documents."""

    signed: tuple[str, ...]
    missing: tuple[str, ...]
    needed: int
    enough: bool


def approvals(change: Change, base: Base) -> Approvals:
    """Return how far the approval of a change has come.

    A root needs the founders before it and those on it (TUF specification §5.3.4); the list of participants
    needs those of the root under which it will stand.
    """
    root = base.root if change.root is None else read_document(change.root, Root).signed
    if root is None:
        raise change_invalid("it founds a directory without a root")
    targets = read_document(change.targets, Targets)
    foundation = foundation_of(root)
    sets = [(foundation, frozenset(signers_of(targets, root)))]
    if change.root is not None:
        document = read_document(change.root, Root)
        sets.append((foundation, frozenset(signers_of(document, root))))
        if base.root is not None:
            sets.append((foundation_of(base.root), frozenset(signers_of(document, base.root))))
    signed = frozenset.union(*(done for _, done in sets))
    may = {agency for one, _ in sets for agency in one.agencies}
    return Approvals(
        signed=tuple(sorted(signed)),
        missing=tuple(sorted(may - signed)),
        needed=max(one.needed for one, _ in sets),
        enough=all(len(done) >= one.needed for one, done in sets),
    )


def told(change: Change, base: Base) -> tuple[str, ...]:
    """Return in sentences what a change does, for those who are to approve it."""
    lines: list[str] = []
    before, after = base.participants, participants_of(read_document(change.targets, Targets).signed)
    old = {participant.agency: participant for participant in before}
    new = {participant.agency: participant for participant in after}
    lines += [f"{agency} becomes a participant." for agency in sorted(new.keys() - old.keys())]
    lines += [f"{agency} is a participant no longer." for agency in sorted(old.keys() - new.keys())]
    for agency in sorted(old.keys() & new.keys()):
        if _ids(old[agency].keys) != _ids(new[agency].keys):
            lines.append(f"{agency} gets new entry keys.")
        if old[agency].suspended != new[agency].suspended:
            lines.append(f"{agency} is {'suspended' if new[agency].suspended else 'no longer suspended'}.")
    if change.root is not None:
        lines += _told_root(foundation_of(read_document(change.root, Root).signed), base.foundation)
        spoken = " ".join(words(root_fingerprint(change.root)))
        lines.append(f"The words of the new root: {spoken}.")
    expires = read_document(change.targets, Targets).signed.expires
    lines.append(f"The list of participants then holds until {expires:%Y-%m-%d}.")
    return tuple(lines)


def _told_root(new: Foundation, old: Foundation | None) -> list[str]:
    if old is None:
        who = ", ".join(new.agencies)
        return [f"{new.name} is founded by {who}; {new.needed} of {len(new.agencies)} decide."]
    lines = [f"{one} gets root keys." for one in new.agencies if one not in old.agencies]
    lines += [f"{one} holds root keys no longer." for one in old.agencies if one not in new.agencies]
    keys = {founder.agency: _ids((*founder.keys, founder.publishing)) for founder in old.founders}
    lines += [
        f"{founder.agency} gets new root keys."
        for founder in new.founders
        if founder.agency in keys and keys[founder.agency] != _ids((*founder.keys, founder.publishing))
    ]
    lines.append(f"{new.needed} of {len(new.agencies)} founders decide from then on.")
    return lines


def change_invalid(why: str) -> Refused:
    """Return the failure for a change that cannot be used."""
    return Refused("directory-change-invalid", f"The proposed change cannot be used: {why}.")
