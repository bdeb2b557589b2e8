"""The inventory: which keys an agency has, in which state and where, as store.json says.

store.json is read whole and written whole. Format hub-keys/2 is

    {"format": "hub-keys/2", "agency": ..., "argon2id": {...}, "keys": [
        {"id", "purpose", "state", "made_at", "since", "where", "kid"?, "public"?,
         "used_from"?, "used_until"?, "destroyed_at"?}, ...]}

Format hub-keys/1 named the current file of each purpose; it is read still, and brought up at the first
change. Changes take the lock of the store, so that two commands never write over one another.
"""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final

from hub.envelope.encoding import b64u, unb64u
from hub.errors import OurFault, Refused
from hub.records.ids import is_id, made_at
from hub.records.times import as_text, as_time
from keys.purposes import Purpose
from keys.sealing import Derivation, write_private
from keys.states import KeyState, key_step

STORE: Final = "store.json"
FORMAT: Final = "hub-keys/2"
_FORMAT_1: Final = "hub-keys/1"
_REQUIRED: Final = frozenset({"id", "purpose", "state", "made_at", "since", "where"})
_TIMES: Final = ("used_from", "used_until", "destroyed_at")
_OPTIONAL: Final = frozenset({"kid", "public", "why", "unlogged", *_TIMES})


class Where(Enum):
    """In which store the private half lies."""

    FILE = "file"
    TOKEN = "token"  # noqa: S105 (a place, not a secret)


@dataclass(frozen=True, kw_only=True)
class KeyEntry:
    """One key. `since` is when it came into its state; `used_from`, `used_until` bound its time as current.

    `kid` is the thumbprint by which envelopes name it, `public` its raw public half; both are absent for a
    key that has none, and for one that was made before there was an inventory until the first change.
    `destroyed_at` is when the private half was destroyed, `why` what was said when it was given up.
    `logged` tells that the audit log has its last step: the file is written first, and a crash between the
    two is repaired by whoever looks next.
    """

    key_id: str
    purpose: Purpose
    state: KeyState
    made_at: datetime
    since: datetime
    where: Where = Where.FILE
    kid: str | None = None
    public: bytes | None = field(default=None, repr=False)
    used_from: datetime | None = None
    used_until: datetime | None = None
    destroyed_at: datetime | None = None
    why: str | None = None
    logged: bool = True

    def __post_init__(self) -> None:
        if not is_id(self.key_id):
            raise ValueError("the id of a key is not a UUIDv7")
        if self.state is KeyState.RETIRED and self.destroyed_at is None:
            raise ValueError(f"the key {self.key_id} is retired and not destroyed")

    @property
    def file_name(self) -> str:
        """Return under which name a file store keeps the private half."""
        return f"{self.purpose.value}-{self.key_id}.sealed"

    @property
    def held(self) -> bool:
        """Tell whether the private half is still there."""
        return self.destroyed_at is None

    def stepped(self, state: KeyState, at: datetime) -> KeyEntry:
        """Return the key in another state; raise Refused `transition-invalid` where no step leads there."""
        key_step(self.state, state)
        return replace(
            self,
            state=state,
            since=at,
            used_from=at if state is KeyState.CURRENT else self.used_from,
            used_until=at if self.state is KeyState.CURRENT else self.used_until,
            destroyed_at=self.destroyed_at or (at if state is KeyState.RETIRED else None),
            logged=False,
        )

    def as_document(self) -> dict[str, str]:
        """Return the key as store.json holds it."""
        told = {
            "id": self.key_id,
            "purpose": self.purpose.value,
            "state": self.state.value,
            "made_at": as_text(self.made_at),
            "since": as_text(self.since),
            "where": self.where.value,
            "kid": self.kid,
            "public": None if self.public is None else b64u(self.public),
            "why": self.why,
            "unlogged": None if self.logged else "true",
        }
        for name in _TIMES:
            at: datetime | None = getattr(self, name)
            told[name] = None if at is None else as_text(at)
        return {name: value for name, value in told.items() if value is not None}

    @classmethod
    def load(cls, told: Mapping[str, str]) -> KeyEntry:
        """Return the key that a part of store.json tells of; raise ValueError, KeyError or TypeError."""
        if missing := sorted(_REQUIRED - told.keys()):
            raise ValueError(f"a key in it has no {missing[0]}")
        if unknown := sorted(told.keys() - _REQUIRED - _OPTIONAL):
            raise ValueError(f"a key in it has {unknown[0]}, so a newer version made it")
        times = {name: as_time(told[name]) for name in _TIMES if name in told}
        return cls(
            key_id=told["id"],
            purpose=Purpose(told["purpose"]),
            state=KeyState(told["state"]),
            made_at=as_time(told["made_at"]),
            since=as_time(told["since"]),
            where=Where(told["where"]),
            kid=told.get("kid"),
            public=unb64u(told["public"]) if "public" in told else None,
            why=told.get("why"),
            logged="unlogged" not in told,
            **times,
        )


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """All keys of one agency, and how the unlock secret becomes what opens those in files.

    `wrapped` is what opens them, sealed under what the secret becomes; without it the secret becomes that.
    """

    agency: str
    derivation: Derivation
    entries: tuple[KeyEntry, ...]
    wrapped: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len({entry.key_id for entry in self.entries}) != len(self.entries):
            raise ValueError("two keys in it have one id")
        for purpose in Purpose:
            states = [entry.state for entry in self.of(purpose)]
            if KeyState.CURRENT not in states:
                raise ValueError(f"it has no {purpose.value} key, so an older version made it")
            if states.count(KeyState.CURRENT) > 1 or states.count(KeyState.NEXT) > 1:
                raise ValueError(f"it has two {purpose.value} keys that are current, or next")

    def of(self, purpose: Purpose, *states: KeyState) -> tuple[KeyEntry, ...]:
        """Return the keys of a purpose, in these states or in any, the one made first before the others."""
        found = [e for e in self.entries if e.purpose is purpose and (not states or e.state in states)]
        return tuple(sorted(found, key=lambda entry: (entry.made_at, entry.key_id)))

    def current(self, purpose: Purpose) -> KeyEntry:
        """Return the key that a purpose uses now."""
        return self.of(purpose, KeyState.CURRENT)[0]

    def next(self, purpose: Purpose) -> KeyEntry | None:
        """Return the key that a purpose uses next, when there is one already."""
        return next(iter(self.of(purpose, KeyState.NEXT)), None)

    def entry(self, key_id: str) -> KeyEntry:
        """Return one key; raise Refused `not-found`."""
        for entry in self.entries:
            if entry.key_id == key_id:
                return entry
        raise Refused("not-found", f"There is no key {key_id} here; `hub key list` shows those there are.")

    def put(self, *entries: KeyEntry) -> Inventory:
        """Return the inventory with these keys added, or in the place of those with their ids."""
        fresh = {entry.key_id: entry for entry in entries}
        kept = [fresh.pop(entry.key_id, entry) for entry in self.entries]
        return replace(self, entries=(*kept, *fresh.values()))

    def switched(self, purpose: Purpose, at: datetime) -> Inventory:
        """Return the inventory with a purpose's next key current and its current one kept."""
        fresh = self.next(purpose)
        if fresh is None:
            making = "ca init" if purpose is Purpose.TLS_AUTHORITY else f"key rotate {purpose.value}"
            raise Refused("not-found", f"No next {purpose.value} key is made; `hub {making}` makes one.")
        return self.put(self.current(purpose).stepped(KeyState.KEPT, at), fresh.stepped(KeyState.CURRENT, at))

    def unlogged(self) -> tuple[KeyEntry, ...]:
        """Return the keys whose last step is not in the audit log yet."""
        return tuple(entry for entry in self.entries if not entry.logged)

    def as_document(self) -> dict[str, object]:
        """Return the inventory as store.json holds it."""
        told: dict[str, object] = {
            "format": FORMAT,
            "agency": self.agency,
            "argon2id": {
                "salt": base64.b64encode(self.derivation.salt).decode(),
                "memory_kib": self.derivation.memory_kib,
                "passes": self.derivation.passes,
            },
            "keys": [entry.as_document() for entry in self.entries],
        }
        if self.wrapped is not None:
            told["store_key"] = base64.b64encode(self.wrapped).decode()
        return told


def read_inventory(directory: Path, *, agency: str) -> Inventory:
    """Read store.json.

    Raises OurFault `key-store-invalid` when there is none, when it is another agency's or of another form,
    and when others may look into the store.
    """
    try:
        _check_modes(directory)
        document = json.loads((directory / STORE).read_bytes())
        if document["agency"] != agency:
            raise ValueError(f"it is not the store of {agency}")
        told = document["argon2id"]
        return Inventory(
            agency=agency,
            derivation=Derivation(
                salt=base64.b64decode(told["salt"], validate=True),
                memory_kib=told["memory_kib"],
                passes=told["passes"],
            ),
            entries=tuple(_entries(directory, document)),
            wrapped=base64.b64decode(document["store_key"], validate=True)
            if "store_key" in document
            else None,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        # The sentences of these errors name files, members and bounds; no secret is in store.json.
        raise store_invalid(directory, error) from None


def write_inventory(directory: Path, inventory: Inventory) -> None:
    """Write store.json whole; after a crash it is there as it was or as it is now."""
    text = json.dumps(inventory.as_document(), indent=2)
    write_private(directory / STORE, text.encode() + b"\n")


def store_invalid(directory: Path, error: Exception) -> OurFault:
    """Return the failure to raise for a key store that cannot be used."""
    return OurFault("key-store-invalid", f"The key store in {directory} cannot be used: {error}.")


def _entries(directory: Path, document: Mapping[str, Any]) -> Sequence[KeyEntry]:
    if document["format"] == FORMAT:
        return [KeyEntry.load(told) for told in document["keys"]]
    if document["format"] != _FORMAT_1:
        raise ValueError(f"its format is not {FORMAT}")
    # Format 1 kept every file of a purpose, and named the one in use.
    current: Mapping[str, str] = document["current"]
    return [
        _from_file_name(purpose, path.name, path.name == current.get(purpose.value))
        for purpose in Purpose
        for path in sorted(directory.glob(f"{purpose.value}-0*.sealed"))
    ]


def _from_file_name(purpose: Purpose, name: str, current: bool) -> KeyEntry:
    key_id = name.removeprefix(f"{purpose.value}-").removesuffix(".sealed")
    if not is_id(key_id):
        raise ValueError(f"{name} is no file of a key")
    at = made_at(key_id)
    state = KeyState.CURRENT if current else KeyState.KEPT
    return KeyEntry(key_id=key_id, purpose=purpose, state=state, made_at=at, since=at, used_from=at)


def _check_modes(directory: Path) -> None:
    for path in (directory, *directory.iterdir()):
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            if path == directory:
                raise
            continue  # another process has just put a file in its place
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(f"others may look into {path.name}; take it away with chmod go-rwx")
