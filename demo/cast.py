"""Who plays in the demo: five hubs and one that no network reaches, the members of ours, their officers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

US: Final = "kz-knb"
PARTNERS: Final = ("cis-atc", "sco-rats", "interpol-ncb-kz", "kg-gknb")
HUBS: Final = (US, *PARTNERS)
#: The hub that a courier alone reaches.
APART: Final = "am-nss"
NAMES: Final = {
    "kz-knb": "National Security Committee of Kazakhstan",
    "cis-atc": "CIS Anti-Terrorism Centre",
    "sco-rats": "SCO Regional Anti-Terrorist Structure",
    "interpol-ncb-kz": "Interpol NCB Astana",
    "kg-gknb": "State Committee for National Security of Kyrgyzstan",
    "am-nss": "National Security Service of Armenia",
}

#: Systems that call our hub: the three members, and the desk that feeds the UN list in.
LIST_DESK: Final = "kz-knb-lists"
MEMBERS: Final = ("kz-mvd", "kz-border", "kz-nbk")
SCOPES: Final = {
    LIST_DESK: ("submit:designation",),
    **dict.fromkeys(MEMBERS, ("collect:designation", "collect:delisting")),
}

#: The partner that is stopped while records are sent to it, and comes back.
SLEEPER: Final = "kg-gknb"

#: Who cosigns our log, and how many of them must.
WITNESSES: Final = ("cis-atc", "sco-rats", "interpol-ncb-kz")
WITNESS_QUORUM: Final = 2

#: How often our hub looks for what partners without a hub have for it.
PARCELS_INTERVAL_S: Final = 2.0

AGREEMENTS: Final = Path(__file__).parent / "agreements"
UN_LIST: Final = Path(__file__).parent / "data" / "un-consolidated.xml.xz"


@dataclass(frozen=True, kw_only=True)
class Officer:
    """A demo account: its password is random, its authenticator is this process."""

    name: str
    password: str = field(repr=False)
    totp_uri: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One hub of the demo: where it lives, how it is called, and who works there."""

    agency: str
    home: Path
    url: str
    authority_pem: str = field(repr=False)
    drafter: Officer
    releaser: Officer
