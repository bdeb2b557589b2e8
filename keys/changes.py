"""The steps of keys in their store: each takes the lock, reads, and writes the inventory whole.

The order on disk is always: a new key, then store.json, then the end of an old key. A crash leaves at most a
key that store.json does not name, which nothing uses, or the file of one that is retired, which the next
step removes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime

from hub.errors import OurFault, Refused
from hub.ports.custody import KeyFacts
from keys.algorithms import key_id_of, public_of
from keys.authorities import make_with_certificate
from keys.inventory import Inventory, KeyEntry, read_inventory, write_inventory
from keys.keyring import FileKeyring
from keys.loaded import load_private
from keys.locks import changing, noting
from keys.purposes import ALGORITHMS, Purpose
from keys.states import KeyState

#: What opens what others sealed: its private half outlives its time on our card.
_OPENS = frozenset({Purpose.DECRYPT_P256, Purpose.DECRYPT_XWING, Purpose.MASTER})


class KeyChanges:
    """Implements `hub.ports.Custody` over the store of a keyring, which follows each change at once."""

    def __init__(self, keyring: FileKeyring) -> None:
        self._keyring = keyring

    def inventory(self) -> Sequence[KeyFacts]:
        """Return every key there ever was, by purpose and then by age."""
        inventory = self._keyring.inventory()
        return [_facts(entry) for purpose in Purpose for entry in inventory.of(purpose)]

    def make_next(self, purpose: str, *, at: datetime) -> KeyFacts:
        """Make the next key of a purpose; one that is made already stays the next."""
        kind = _purpose(purpose)

        def step(inventory: Inventory) -> Inventory:
            if inventory.next(kind) is not None:
                return inventory
            return inventory.put(self._make(kind, at))

        fresh = self._change(step).next(kind)
        assert fresh is not None
        return _facts(fresh)

    def switch(self, purpose: str, *, at: datetime) -> KeyFacts:
        """Make a purpose's next key the current one; raise Refused `not-found` without one."""
        kind = _purpose(purpose)
        return _facts(self._change(lambda inventory: inventory.switched(kind, at)).current(kind))

    def retire(self, key_id: str, *, at: datetime) -> KeyFacts:
        """Destroy a key's private half; raise Refused `not-found` and `transition-invalid`.

        One that was given up stays so, and is destroyed where it still was there.
        """

        def step(inventory: Inventory) -> Inventory:
            entry = inventory.entry(key_id)
            if entry.state is KeyState.COMPROMISED and entry.held:
                return inventory.put(replace(entry, destroyed_at=at, logged=False))
            return inventory.put(entry.stepped(KeyState.RETIRED, at))

        return _facts(self._change(step).entry(key_id))

    def compromise(self, key_id: str, *, why: str, at: datetime) -> KeyFacts:
        """Give a key up, and put a fresh one in its place where it was current; return the one given up.

        A next key goes with it: who had the one may have had the other. A key that opens what was sealed to
        it goes on opening that, and every other is destroyed.
        """

        def step(inventory: Inventory) -> Inventory:
            entry = inventory.entry(key_id)
            gone = replace(entry.stepped(KeyState.COMPROMISED, at), why=why)
            if entry.purpose not in _OPENS:
                gone = replace(gone, destroyed_at=gone.destroyed_at or at)
            if entry.state is not KeyState.CURRENT:
                return inventory.put(gone)
            following = inventory.next(entry.purpose)
            given_up = [] if following is None else [following.stepped(KeyState.RETIRED, at)]
            fresh = self._make(entry.purpose, at).stepped(KeyState.CURRENT, at)
            return inventory.put(gone, *given_up, fresh)

        return _facts(self._change(step).entry(key_id))

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Keep out, until the block ends, every other process that would log steps."""
        with noting(self._keyring.directory):
            self._keyring.look_again()
            yield

    def note_logged(self, keys: Iterable[KeyFacts]) -> None:
        """Remember that the audit log has these keys as told; one that took another step since has not."""
        told = {key.key_id: key for key in keys}
        self._change(
            lambda inventory: inventory.put(
                *(
                    replace(entry, logged=True)
                    for entry in inventory.unlogged()
                    if told.get(entry.key_id) == _facts(entry)
                )
            )
        )

    def _make(self, purpose: Purpose, at: datetime) -> KeyEntry:
        store = self._keyring.store_for(purpose)
        if purpose is Purpose.TLS_AUTHORITY:
            made, _certificate = make_with_certificate(
                self._keyring.directory, self._keyring.agency, store, at
            )
        else:
            made = store.make(purpose, at=at)
        return replace(made, logged=False)

    def _change(self, step: Callable[[Inventory], Inventory]) -> Inventory:
        keyring = self._keyring
        with changing(keyring.directory):
            before = read_inventory(keyring.directory, agency=keyring.agency)
            after = step(before)
            if after is not before:
                after = self._completed(after)
                write_inventory(keyring.directory, after)
            self._destroy(after, left_over=frozenset(e.key_id for e in before.entries if not e.held))
        keyring.look_again()
        return after

    def _destroy(self, inventory: Inventory, *, left_over: Collection[str]) -> None:
        """Destroy what is no longer held, also what a crash left; a token that fails keeps nobody else."""
        for entry in inventory.entries:
            store = self._keyring.stores.get(entry.where)
            if entry.held or store is None:
                continue
            with suppress(OurFault) if entry.key_id in left_over else nullcontext():
                store.destroy(entry)

    def _completed(self, inventory: Inventory) -> Inventory:
        """Return the inventory with the public halves that format 1 did not have."""
        lacking = [e for e in inventory.entries if e.public is None and e.kid is None and e.held]
        found = []
        for entry in lacking:
            algorithm = ALGORITHMS[entry.purpose]
            public = public_of(algorithm, load_private(entry, self._keyring.stores))
            if public is not None:
                found.append(replace(entry, public=public, kid=key_id_of(algorithm, public)))
        return inventory.put(*found)


def _purpose(name: str) -> Purpose:
    try:
        return Purpose(name)
    except ValueError:
        known = ", ".join(purpose.value for purpose in Purpose)
        raise Refused("request-invalid", f"{name!r} is no purpose of a key; those are {known}.") from None


def _facts(entry: KeyEntry) -> KeyFacts:
    return KeyFacts(
        key_id=entry.key_id,
        purpose=entry.purpose.value,
        state=entry.state.value,
        where=entry.where.value,
        made_at=entry.made_at,
        since=entry.since,
        kid=entry.kid,
        used_from=entry.used_from,
        used_until=entry.used_until,
        destroyed_at=entry.destroyed_at,
        why=entry.why,
        logged=entry.logged,
    )
