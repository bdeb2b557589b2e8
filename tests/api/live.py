"""A real hub, served by its own command in a process of its own, and callers of each kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyotp
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from demo.ports import free_ports
from hub.bootstrap.making import init_hub
from hub.bootstrap.opening import Hub, open_hub
from hub.exchange.accounts import add_officer
from hub.exchange.agreements import adopt
from hub.exchange.members import add_member
from hub.exchange.partners import pair
from hub.federation.card import fingerprint
from hub.records.actor import Actor, ActorKind, Role
from hub.records.label import Classification
from keys.authority import issue_hub_leaf
from tests.enrolling import allow_alone
from tests.exchange.hubs import agreement_text
from tests.servers.forking import Command

PASSWORD = "a long sentence for tests"
_LIMITS = """
[limits]
requests_per_minute = 1000000
logins_per_minute = 1000000
token_life_s = 7200
session_life_s = 7200
mailbox_wait_max_s = 0.1
"""
#: The agreement under which the page's example goes.
_LIST = Path(__file__).parents[2] / "demo" / "agreements" / "unsc-1267.toml"


@dataclass(frozen=True, kw_only=True)
class Live:
    """Where the hub answers, and what each kind of caller shows."""

    url: str
    authority: str
    partner_pem: str
    member_pem: str
    officer_token: str
    system_token: str

    def session(self, kind: str | None) -> requests.Session:
        """Return the connections of a caller of one kind: a security scheme of the specification, or none."""
        session = requests.Session()
        session.verify = self.authority
        if kind == "partner":
            session.cert = self.partner_pem
        elif kind == "system":
            session.cert = self.member_pem
            session.headers["Authorization"] = f"Bearer {self.system_token}"
        elif kind == "officer":
            session.headers["Authorization"] = f"Bearer {self.officer_token}"
        return session


@contextmanager
def live_hub(folder: Path, *, limits: str = "") -> Iterator[Live]:
    """Make a hub with a partner, a member and an officer, serve it, and stop it at the end."""
    home, (port,) = folder / "kz-knb", free_ports(1)
    init_hub(home, agency="kz-knb", port=port)
    with (home / "hub.toml").open("a") as file:
        file.write(_LIMITS + limits)
    allow_alone(home)
    init_hub(folder / "cis-atc", agency="cis-atc")
    with open_hub(home) as ours, open_hub(folder / "cis-atc") as theirs:
        totp_uri = _furnish(ours, theirs)
        member = _member(ours, folder)
        partner = _partner(theirs, folder)
        authority = folder / "authority.pem"
        authority.write_text(ours.keyring.tls_files().authority_pem)
    served = Command("serve", "--home", str(home), log=folder / "serve.log")
    url = f"https://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, authority, served)
        yield Live(
            url=url,
            authority=str(authority),
            partner_pem=str(partner),
            member_pem=str(member),
            officer_token=_session(url, authority, totp_uri),
            system_token=_token(url, authority, member),
        )
        assert served.poll() is None, "the hub stopped by itself"
    finally:
        served.terminate()
        served.wait(60)


def _furnish(ours: Hub, theirs: Hub) -> str:
    custodian = Actor(kind=ActorKind.HUB, id="test", agency="kz-knb")
    adopt(ours.broker, custodian, agreement_text(["kz-knb", "cis-atc", "kz-mvd"]))
    adopt(ours.broker, custodian, _LIST.read_text(encoding="utf-8"))
    card = theirs.card()
    pair(ours.broker, custodian, card, confirmed_fingerprint=fingerprint(card))
    return add_officer(
        ours.broker,
        custodian,
        name="temirlan",
        password=PASSWORD,
        roles=list(Role),
        clearance=Classification.SECRET,
    ).totp_uri


def _member(ours: Hub, folder: Path) -> Path:
    issued = ours.enrol("kz-mvd")
    custodian = Actor(kind=ActorKind.HUB, id="test", agency="kz-knb")
    add_member(
        ours.broker,
        custodian,
        agency="kz-mvd",
        name="Ministry",
        certificate_pem=issued.certificate_pem,
        scopes=["submit:*", "collect:*"],
    )
    path = folder / "member.pem"
    path.write_text(issued.certificate_pem + (issued.key_pem or ""))
    return path


def _partner(theirs: Hub, folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue_hub_leaf(
        theirs.keyring.authority(),
        agency="cis-atc",
        host_names=["localhost"],
        public_key=key.public_key(),
        at=theirs.broker.clock.now(),
    )
    path = folder / "partner.pem"
    path.write_bytes(
        leaf.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


def _wait_until_ready(url: str, authority: Path, served: Command) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and served.poll() is None:
        try:
            if requests.get(f"{url}/readyz", verify=str(authority), timeout=5).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError("the hub was not ready within a minute")


def _session(url: str, authority: Path, totp_uri: str) -> str:
    totp = pyotp.parse_uri(totp_uri)
    assert isinstance(totp, pyotp.TOTP)
    body = {"name": "temirlan", "password": PASSWORD, "code": totp.now()}
    said = requests.post(f"{url}/api/v1/session", json=body, verify=str(authority), timeout=30)
    return str(said.json()["access_token"])


def _token(url: str, authority: Path, member: Path) -> str:
    form = {"grant_type": "client_credentials", "client_id": "kz-mvd"}
    said = requests.post(f"{url}/oauth/token", data=form, cert=str(member), verify=str(authority), timeout=30)
    return str(said.json()["access_token"])
