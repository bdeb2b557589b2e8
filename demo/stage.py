"""Build the stage: five homes with keys, paired with one another, agreements adopted, people enrolled."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from demo.cast import (
    AGREEMENTS,
    HUBS,
    NAMES,
    PARCELS_INTERVAL_S,
    PARTNERS,
    SCOPES,
    US,
    WITNESS_QUORUM,
    WITNESSES,
    Officer,
    Place,
)
from demo.ports import free_ports
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.accounts import add_officer
from hub.exchange.agreements import adopt
from hub.exchange.members import add_member
from hub.exchange.partners import pair
from hub.federation.card import fingerprint
from hub.policy.agreements import load_agreement
from hub.records.actor import Actor, ActorKind, Role
from hub.records.label import Classification
from keys.enrolment import issue_client_certificate

CUSTODIAN = Actor(
    kind=ActorKind.HUB, id="local:demo", agency=US, roles=frozenset({Role.CUSTODIAN, Role.OPERATOR})
)
_DRAFTER = frozenset({Role.DRAFTER, Role.READER})
_RELEASER = frozenset({Role.RELEASER, Role.READER, Role.OPERATOR, Role.AUDITOR})


@dataclass(frozen=True, kw_only=True)
class Stage:
    """All places, and the certificate files of the systems that call our hub."""

    places: Mapping[str, Place]
    systems: Mapping[str, Path]


def build(folder: Path, *, step: Callable[[], object], databases: Mapping[str, str] | None = None) -> Stage:
    """Make everything that people would set up by hand; call `step` once a hub is made and once it is paired.

    Pairing confirms each card's fingerprint as two people on the phone would.
    """
    ports = free_ports(len(HUBS))
    for agency, port in zip(HUBS, ports, strict=True):
        init_hub(
            folder / agency,
            agency=agency,
            name=NAMES[agency],
            port=port,
            database=(databases or {}).get(agency, ""),
        )
        step()
    with (folder / US / "hub.toml").open("a", encoding="utf-8") as toml:
        toml.write(f"witnesses = {list(WITNESSES)}\nwitness_quorum = {WITNESS_QUORUM}\n".replace("'", '"'))
        toml.write(f"\n[limits]\nparcels_interval_s = {PARCELS_INTERVAL_S}\n")
    with ExitStack() as stack:
        hubs = {agency: stack.enter_context(open_hub(folder / agency)) for agency in HUBS}
        for ours, theirs in _pairs():
            card = hubs[theirs].card()
            pair(hubs[ours].broker, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
        for hub in hubs.values():
            adopt_all(hub, AGREEMENTS)
        places = {}
        for agency, hub in hubs.items():
            places[agency] = staffed(hub)
            step()
        systems = {agency: _enrol(hubs[US], agency, folder) for agency in SCOPES}
    return Stage(places=places, systems=systems)


def _pairs() -> Iterator[tuple[str, str]]:
    for partner in PARTNERS:
        yield US, partner
        yield partner, US


def adopt_all(hub: Hub, folder: Path) -> None:
    """Adopt those of a folder's agreements that a hub is party to."""
    for path in sorted(folder.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        if hub.config.agency in load_agreement(text).parties:
            adopt(hub.broker, CUSTODIAN, text)


def staffed(hub: Hub) -> Place:
    """Open the accounts of a hub's two officers, and return where they work."""
    return Place(
        agency=hub.config.agency,
        home=hub.config.home,
        url=hub.config.public_url,
        authority_pem=hub.keyring.tls_files().authority_pem,
        drafter=_officer(hub, "aigul", _DRAFTER),
        releaser=_officer(hub, "bolat", _RELEASER),
    )


def _officer(hub: Hub, name: str, roles: frozenset[Role]) -> Officer:
    password = secrets.token_urlsafe(18)
    enrolment = add_officer(
        hub.broker, CUSTODIAN, name=name, password=password, roles=roles, clearance=Classification.SECRET
    )
    return Officer(name=name, password=password, totp_uri=enrolment.totp_uri)


def _enrol(hub: Hub, agency: str, folder: Path) -> Path:
    issued = issue_client_certificate(hub.keyring.authority(), member=agency, at=hub.broker.clock.now())
    add_member(
        hub.broker,
        CUSTODIAN,
        agency=agency,
        name=agency,
        certificate_pem=issued.certificate_pem,
        scopes=SCOPES[agency],
    )
    path = folder / f"{agency}.pem"
    path.touch(mode=0o600)
    path.write_text(issued.certificate_pem + (issued.key_pem or ""), encoding="ascii")
    return path
