"""Give up what TLS hangs on: the key of the hub's leaf, or that of an authority of ours."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from hub.audit.events import Act
from hub.bootstrap.opening import Hub
from hub.errors import Refused
from hub.exchange.cards.telling import tell_all, unaware
from hub.exchange.certificates.issuing import revoke_in
from hub.exchange.keys.noting import log_steps
from hub.federation.authorities import authority_id
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.records.actor import Actor
from keys.authorities import HeldAuthority, give_up_authority
from keys.foreign import foreign_chain
from keys.locks import renewing
from keys.purposes import Purpose

TLS_LEAF = "tls-leaf"
TLS_AUTHORITY = Purpose.TLS_AUTHORITY.value


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """What giving up came to. `key` is the id of an authority's key, or the serial number of a leaf.

    `unaware` are partners that do not have our present card, `members` those whose certificates end with it.
    `foreign`: only the authority above can revoke it, and only it issues the next. `told` says whether
    partners can ask what was revoked.
    """

    key: str
    purpose: str
    unaware: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    foreign: bool = False
    told: bool = True


def give_up_tls(hub: Hub, actor: Actor, which: str, *, why: str) -> GivenUp | None:
    """Give up a leaf or an authority by its purpose or the id of its key; None for what is neither.

    Raises Refused `role-missing`, `justification-missing` and `transition-invalid`.
    """
    entry = next((one for one in hub.keyring.inventory().entries if one.key_id == which), None)
    is_authority = which == TLS_AUTHORITY or (entry is not None and entry.purpose is Purpose.TLS_AUTHORITY)
    if which != TLS_LEAF and not is_authority:
        return None
    require(may_administer(actor))
    if not why.strip():
        raise Refused("justification-missing", "Say in a few words why the key is given up; they are logged.")
    if which == TLS_LEAF:
        return _give_up_leaf(hub, actor, why.strip())
    return _give_up_authority(hub, actor, None if entry is None else entry.key_id, why.strip())


def _give_up_leaf(hub: Hub, actor: Actor, why: str) -> GivenUp:
    """Revoke the leaf and issue another; after a crash between, the next turn of a serving hub issues it."""
    broker, leaf = hub.broker, hub.leaf.present()
    foreign, at = bool(foreign_chain(hub.keyring.directory)), broker.clock.now()
    serial = f"{leaf.serial_number:x}"
    if not foreign:
        hub.leaf.keep_on_record(leaf)
    with broker.store.work() as work:
        thumbprint = leaf.fingerprint(hashes.SHA256()).hex()
        if not foreign:
            revoke_in(broker, work, actor, thumbprint, reason="keyCompromise", at=at)
        told = {"step": "leaf-compromised", "purpose": TLS_LEAF, "certificate": thumbprint, "serial": serial}
        work.stage([broker.event(Act.KEY_CHANGED, actor, broker.agency, at, justification=why, **told)])
        work.commit()
    if not foreign:
        hub.leaf.renew(actor)
        hub.authority.publish()
    missing = tell_all(broker)
    published = bool(hub.config.revocation_base)
    return GivenUp(key=serial, purpose=TLS_LEAF, unaware=missing, foreign=foreign, told=published)


def _give_up_authority(hub: Hub, actor: Actor, key_id: str | None, why: str) -> GivenUp:
    """Put a fresh authority in its place; partners are told while the leaf of before is still taken.

    A serving hub leaves the leaf alone meanwhile; after a crash it tells them itself and goes on.
    """
    broker, keyring = hub.broker, hub.keyring
    held = {one.entry.key_id: one for one in keyring.authorities()}
    with renewing(keyring.directory, wait=True):
        gone = give_up_authority(
            keyring.directory,
            keyring.agency,
            keyring.stores,
            keyring.store_for(Purpose.TLS_AUTHORITY),
            key_id=key_id,
            why=why,
            at=broker.clock.now(),
        )
        keyring.look_again()
        log_steps(broker, hub.custody, actor)
        tell_all(broker)
        if not foreign_chain(keyring.directory):
            hub.leaf.renew(actor)
            hub.authority.publish()
    return GivenUp(
        key=gone.key_id,
        purpose=TLS_AUTHORITY,
        unaware=unaware(broker),
        members=_members_of(hub, held.get(gone.key_id)),
    )


def _members_of(hub: Hub, held: HeldAuthority | None) -> tuple[str, ...]:
    """Return the members that show a certificate of an authority."""
    if held is None:
        return ()
    issuer = authority_id(held.pem)
    with hub.store.read() as view:
        shown = {row.certificate_thumbprint for row in view.directory.members()}
        in_force = view.certificates.in_force(hub.broker.clock.now())
    found = {row.agency for row in in_force if row.authority == issuer and row.thumbprint in shown}
    return tuple(sorted(found))
