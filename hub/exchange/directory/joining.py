"""Ask to join a directory, and begin to follow one: its root is pinned by words, as a partner's card is."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from hub.audit.events import Act
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.directory.place import Place, State
from hub.exchange.directory.refreshing import refresh_alone
from hub.federation.card import CARD_LIFE, read_card
from hub.federation.directory.differences import differences
from hub.federation.directory.documents import (
    make_role,
    public_key,
    role_versions,
    root_fingerprint,
    signed_by,
)
from hub.federation.directory.joining import Joining, make_joining
from hub.federation.directory.statement import Mark, Statement, make_statement, read_statement
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import DirectoryClient, DirectoryKeys
from hub.records.actor import Actor

#: How long an entry holds: as long as the card in it can be pinned.
ENTRY_LIFE: Final = CARD_LIFE


def ask_to_join(
    broker: Broker,
    keys: DirectoryKeys,
    place: Place,
    actor: Actor,
    card: bytes,
    *,
    founder: bool = False,
    outside: Path | None = None,
    fresh_keys: bool = False,
) -> bytes:
    """Return our signed request to join, or to renew our entry; keys that it needs are made.

    `founder` brings root keys too, which `outside` keeps in a file elsewhere. `fresh_keys` replaces the keys
    that there are: founders then have to approve.
    """
    require(may_administer(actor))
    with place.alone():
        if fresh_keys or not keys.entry():
            keys.make_entry()
        if founder and (fresh_keys or not keys.publishing()):
            keys.make_root(outside)
        state = place.state()
        joining, state = sign_entry(broker, keys, place, state, card, given=state.given)
        if founder:
            publishing = keys.publishing()
            joining = replace(
                joining,
                root_keys=tuple(public_key(one, broker.agency) for one in keys.root(outside)),
                publishing_key=public_key(publishing[0], broker.agency),
            )
        raw = make_joining(joining, read_card(card), broker.keyring.signing())
        _log(
            broker,
            actor,
            broker.agency,
            step="requested",
            version=str(joining.version),
            keys=" ".join(key.keyid for key in (*joining.entry_keys, *joining.root_keys)),
        )
        place.write(state)
    return raw


def sign_entry(
    broker: Broker,
    keys: DirectoryKeys,
    place: Place,
    state: State,
    card: bytes,
    *,
    given: Collection[Mark],
) -> tuple[Joining, State]:
    """Return our entry, signed anew over our card as it stands, and the state that knows of it."""
    at = broker.clock.now()
    signers = keys.entry()
    statement = make_statement(
        Statement(
            agency=broker.agency,
            issued_at=at,
            expires_at=at + ENTRY_LIFE,
            card=read_card(card),
            card_raw=card,
            marks=tuple(mark for mark in given if mark.expires_at > at),
        ),
        broker.keyring.signing(),
    )
    snapshot = place.snapshot()
    listed = role_versions(snapshot).get(broker.agency, 0) if snapshot is not None else 0
    version = max(listed, state.entry_version) + 1
    role = signed_by(make_role(broker.agency, statement, version=version, expires=at + ENTRY_LIFE), signers)
    joining = Joining(
        agency=broker.agency,
        entry_keys=tuple(public_key(one, broker.agency) for one in signers),
        role=role,
        statement=statement,
    )
    return joining, replace(state, entry_version=version, given=tuple(given))


def entry_is_due(broker: Broker, place: Place, card: bytes) -> bool:
    """Tell whether our entry says something else than our card, or half of its life is over."""
    raw = place.statement(broker.agency)
    if raw is None:
        return True
    said = read_statement(raw, agency=broker.agency)
    age = broker.clock.now() - said.issued_at
    return bool(differences(read_card(card), said.card)) or age > ENTRY_LIFE / 2


def begin(
    broker: Broker,
    client: DirectoryClient,
    place: Place,
    actor: Actor,
    root: bytes,
    *,
    source: str,
    confirmed_fingerprint: str,
    again: bool = False,
    followed: bool = True,
) -> State:
    """Pin a root whose fingerprint a person has compared with a founder, and fetch its directory.

    A directory that is followed already is only left for another root with `again`. Raises Refused
    `pin-not-confirmed`, `conflict`, and what fetching raises; then no other root is pinned than before.
    """
    require(may_administer(actor))
    seen = root_fingerprint(root)
    if confirmed_fingerprint.strip().lower() != seen:
        raise Refused(
            "pin-not-confirmed", "The confirmed fingerprint is not this root's; no directory was joined."
        )
    with place.alone():
        if place.joined and not again:
            raise Refused(
                "conflict",
                f"This hub follows the directory {place.state().name} already; `hub directory refresh` "
                "fetches it, and --again begins anew with another root.",
            )
        with tempfile.TemporaryDirectory() as folder:
            client.refresh(source, Path(folder), root)
        place.pin(root)
        _log(broker, actor, broker.agency, step="joined", root=seen, source=source)
        if followed:
            place.write(replace(place.state(), source=source))
        return refresh_alone(broker, client, place, actor, source=None if followed else source)


def mark_changes(
    given: Sequence[Mark],
    *,
    give: Collection[tuple[str, str]],
    withdraw: Collection[tuple[str, str]],
    at: datetime,
) -> tuple[Mark, ...]:
    """Return our trust marks after some were given, each a kind and an agency, and some withdrawn.

    A mark holds for a year. Raises Refused `request-invalid` for one that is not of its form or not given.
    """
    found = {(mark.kind, mark.subject): mark for mark in given}
    try:
        for kind, subject in give:
            found[kind, subject] = Mark(
                kind=kind, subject=subject, expires_at=at.replace(microsecond=0) + timedelta(days=365)
            )
    except ValueError as error:
        raise Refused("request-invalid", f"That is no trust mark: {error}.") from None
    for one in withdraw:
        if one not in found:
            raise Refused("request-invalid", f"{one[1]} has no trust mark {one[0]} of ours to withdraw.")
        del found[one]
    return tuple(found.values())


def _log(broker: Broker, actor: Actor, subject: str, **details: str) -> None:
    with broker.store.work() as work:
        work.stage([broker.event(Act.DIRECTORY_CHANGED, actor, subject, broker.clock.now(), **details)])
        work.commit()
