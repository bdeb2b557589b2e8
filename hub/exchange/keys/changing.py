"""Rotate, retire, give up: what a custodian asks of our keys, and the audit entry of each step.

A step is durable in the key store first and logged after. A crash between the two leaves a key that says it
is not logged; the next look, of a command or of a serving hub, logs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.keys.affected import opens_records
from hub.exchange.keys.noting import log_steps
from hub.exchange.keys.pairs import give_up_together, refuse_in_use, rotate_together, set_of
from hub.exchange.keys.rewrapping import refuse_while_needed
from hub.exchange.keys.rules import RULES, needed_until, rule_of
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import Custody, KeyFacts
from hub.records.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What a rotation came to: the fresh key, in use `now` or announced, and the one of before."""

    fresh: KeyFacts
    before: KeyFacts
    now: bool


def rotate(broker: Broker, custody: Custody, actor: Actor, purpose: str, *, now: bool = False) -> Rotated:
    """Make the next key of a purpose; a serving hub takes it into use once those who need it know it.

    With `now` it is in use at once: partners that do not know it yet keep what they cannot verify waiting
    until they have our card. Asked again, the key that is the next already stays so. Raises Refused
    `role-missing` and `request-invalid`.
    """
    require(may_administer(actor))
    rule = rule_of(purpose)
    at = broker.clock.now()
    before = current_key(custody, purpose)
    if rule.together:
        rotate_together(broker, custody, actor, rule.together, now=now)
        return Rotated(fresh=newest_key(custody, purpose), before=before, now=now)
    now = now or rule.wraps  # nobody else has to know it
    fresh = custody.make_next(purpose, at=at)
    if now:
        fresh = _taken_into_use(custody, fresh, at)
    log_steps(broker, custody, actor)
    return Rotated(fresh=fresh, before=before, now=now)


def _taken_into_use(custody: Custody, fresh: KeyFacts, at: datetime) -> KeyFacts:
    """Take a purpose's next key into use; a serving hub that looks for one may just have done it."""
    try:
        return custody.switch(fresh.purpose, at=at)
    except Refused:
        current = current_key(custody, fresh.purpose)
        if current.key_id != fresh.key_id:
            raise
        return current


def retire(
    broker: Broker, custody: Custody, actor: Actor, which: str, *, give_up_old: bool = False
) -> Sequence[KeyFacts]:
    """Destroy kept keys: one by its id, or all of a purpose that nothing under way needs any more.

    A key that opens records which are held here is destroyed with `give_up_old` alone. Raises Refused
    `role-missing`, `not-found`, `request-invalid`, `transition-invalid` and `key-needed`.
    """
    require(may_administer(actor))
    keys = _named(custody, which)
    if which in RULES:
        keys = [key for key in keys if key.state == "kept"]
        if not keys:
            raise Refused("not-found", f"There is no {which} key that is kept, so none to retire.")
    keys = [one for key in keys for one in set_of(custody, key)]
    keys = [*{key.key_id: key for key in keys}.values()]
    at = broker.clock.now()
    for key in keys:
        if key.state == "kept":
            _refuse_needed(broker, key, give_up_old=give_up_old)
        if rule_of(key.purpose).wraps:
            refuse_while_needed(broker)
    refuse_in_use(broker, custody, keys)
    ended = [custody.retire(key.key_id, at=at) for key in keys]
    log_steps(broker, custody, actor)
    return ended


def compromise(broker: Broker, custody: Custody, actor: Actor, which: str, *, why: str) -> KeyFacts:
    """Give a key up, the current one of a purpose or one by its id, and put a fresh one in its place.

    Nothing waits: from now on nothing is made with it, and it is off our card. Raises Refused `role-missing`,
    `justification-missing`, `not-found`, `request-invalid` and `transition-invalid`.
    """
    require(may_administer(actor))
    if not why.strip():
        raise Refused("justification-missing", "Say in a few words why the key is given up; they are logged.")
    key = current_key(custody, which) if which in RULES else _named(custody, which)[0]
    rule = RULES.get(key.purpose)
    if rule is not None and rule.together:
        give_up_together(broker, custody, actor, key, why=why.strip())
        return next(one for one in custody.inventory() if one.key_id == key.key_id)
    given_up = custody.compromise(key.key_id, why=why.strip(), at=broker.clock.now())
    log_steps(broker, custody, actor)
    return given_up


def newest_key(custody: Custody, purpose: str) -> KeyFacts:
    """Return the next key of a purpose, or the one in use where there is none."""
    keys = {key.state: key for key in custody.inventory() if key.purpose == purpose}
    return keys.get("next") or keys["current"]


def current_key(custody: Custody, purpose: str) -> KeyFacts:
    """Return the key that a purpose uses now."""
    return next(key for key in custody.inventory() if key.purpose == purpose and key.state == "current")


def _named(custody: Custody, which: str) -> Sequence[KeyFacts]:
    found = [key for key in custody.inventory() if which in (key.purpose, key.key_id)]
    if not found:
        raise Refused("not-found", f"There is no key {which!r} here; `hub key list` shows those there are.")
    return found


def _refuse_needed(broker: Broker, key: KeyFacts, *, give_up_old: bool) -> None:
    until = needed_until(key, broker.limits)
    if broker.clock.now() < until:
        raise Refused(
            "key-needed",
            f"What was made with the {key.purpose} key {key.key_id} may be under way until "
            f"{until:%Y-%m-%d %H:%M} UTC; it is kept until then.",
        )
    if give_up_old or not rule_of(key.purpose).opens:
        return
    with broker.store.read() as view:
        if opens_records(view, key, broker.limits):
            raise Refused(
                "key-needed",
                f"The {key.purpose} key {key.key_id} opens records that came while it was used; evidence on "
                "them could show their content no more.",
            )
