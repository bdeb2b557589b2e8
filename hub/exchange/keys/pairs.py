"""Keys that change together: the two that sign our log, and the two that cosign others' logs.

    made (next) ── both sets sign; our card shows the new one ── partners have the card ── the new one alone

Each step can be taken again, and the next look of a command or of a serving hub does: key store, log and
card are brought to the same state from wherever a crash left them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.audit.events import Act
from hub.audit.names import witness_name
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.keys.log_keys import begin_log_keys, end_log_keys, log_keys_in_use
from hub.exchange.keys.noting import log_steps
from hub.exchange.keys.rules import rule_of
from hub.ports import Custody, KeyFacts
from hub.records.actor import Actor

_LOG: Final = "log-ed25519"


def rotate_together(
    broker: Broker, custody: Custody, actor: Actor, purposes: Sequence[str], *, now: bool = False
) -> None:
    """Make the next keys of purposes that change together, and have both sets sign; `now`: the new alone."""
    made = not _next(custody, purposes)
    for purpose in purposes:
        custody.make_next(purpose, at=broker.clock.now())
    log_steps(broker, custody, actor)
    if made and _LOG not in purposes:
        _announce_witness(broker, actor)
    begin_together(broker, custody, actor, purposes)
    if now:
        end_together(broker, custody, actor, purposes)


def begin_together(broker: Broker, custody: Custody, actor: Actor, purposes: Sequence[str]) -> None:
    """Have the next keys sign beside the present ones, if they do not yet; make what a crash left unmade."""
    if len(_next(custody, purposes)) < len(purposes):
        for purpose in purposes:
            custody.make_next(purpose, at=broker.clock.now())
        log_steps(broker, custody, actor)
    if _LOG in purposes:
        begin_log_keys(broker, actor)


def end_together(broker: Broker, custody: Custody, actor: Actor, purposes: Sequence[str]) -> None:
    """Have the next keys sign alone from now on. What the log says comes first: it decides who signs."""
    if _LOG in purposes:
        end_log_keys(broker, actor)
    for key in _next(custody, purposes):
        custody.switch(key.purpose, at=broker.clock.now())
    log_steps(broker, custody, actor)


def give_up_together(broker: Broker, custody: Custody, actor: Actor, key: KeyFacts, *, why: str) -> None:
    """Give up a set of keys, after fresh ones have taken over where it was in use or about to be.

    The old keys of a log sign once more, for the checkpoint by which the new ones take over.
    """
    purposes = rule_of(key.purpose).together
    given_up = set_of(custody, key)
    if key.state == "next":
        end_together(broker, custody, actor, purposes)
        given_up = set_of(custody, _known(custody, key.key_id))
    if any(one.state in {"current", "next"} for one in _again(custody, given_up)):
        rotate_together(broker, custody, actor, purposes, now=True)
    for one in _again(custody, given_up):
        if one.state != "compromised":
            custody.compromise(one.key_id, why=why, at=broker.clock.now())
    log_steps(broker, custody, actor)


def set_of(custody: Custody, key: KeyFacts) -> Sequence[KeyFacts]:
    """Return a key with those that were made to go with it; alone where it stands alone."""
    purposes = rule_of(key.purpose).together
    if not purposes:
        return [key]
    by_purpose = [[one for one in custody.inventory() if one.purpose == name] for name in purposes]
    at = next(place for keys in by_purpose for place, one in enumerate(keys) if one.key_id == key.key_id)
    return [keys[at] for keys in by_purpose if at < len(keys)]


def refuse_in_use(broker: Broker, custody: Custody, keys: Sequence[KeyFacts]) -> None:
    """Raise Refused `key-needed` for keys that still sign our log, whatever the key store calls them."""
    if not any(key.purpose == _LOG for key in keys):
        return
    in_use = log_keys_in_use(broker)
    known = [one for one in custody.inventory() if one.purpose == _LOG]
    for one, held in zip(known, broker.keyring.log_key_sets(), strict=False):
        if held.text in in_use and one.key_id in {key.key_id for key in keys}:
            raise Refused("key-needed", f"The key {one.key_id} signs the log; another must take over first.")


def _next(custody: Custody, purposes: Sequence[str]) -> Sequence[KeyFacts]:
    return [key for key in custody.inventory() if key.purpose in purposes and key.state == "next"]


def _known(custody: Custody, key_id: str) -> KeyFacts:
    return next(one for one in custody.inventory() if one.key_id == key_id)


def _again(custody: Custody, keys: Sequence[KeyFacts]) -> Sequence[KeyFacts]:
    return [_known(custody, key.key_id) for key in keys]


def _announce_witness(broker: Broker, actor: Actor) -> None:
    """Log which keys cosign from now on, beside those of before."""
    sets = [one for one in broker.keyring.witness_key_sets() if one.until is None]
    event = broker.event(
        Act.KEY_CHANGED,
        actor,
        witness_name(broker.agency),
        broker.clock.now(),
        step="witness-keys-announced",
        before="\n".join(one.text for one in sets[:-1]),
        after=sets[-1].text,
    )
    with broker.store.work() as work:
        work.stage([event])
        work.commit()
