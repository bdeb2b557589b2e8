"""One hub behind its API, in process: real store, keys, use cases and certificates; only TLS is left out.

What TLS would hand over, the peer's certificate, is put into the WSGI environ, and found there through
`ApiContext.certificate_of`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from hub.api import ApiContext, create_app
from hub.api.context import Desk, attach, open_desk
from hub.api.scopes import of_roles
from hub.api.tokens import Grant, Tokens
from hub.audit.events import Act
from hub.entries import Body, OfficerRow, RecordRow
from hub.errors import HubError, Refused
from hub.exchange.broker import Broker, StandingCache
from hub.exchange.directory.place import Place
from hub.exchange.members import add_member
from hub.exchange.partners import pair
from hub.federation.authorities import authority_id
from hub.federation.card import fingerprint
from hub.federation.trust import TrustSource
from hub.records.actor import Role
from hub.records.kinds import Kind
from hub.records.label import Classification
from hub.records.template import template
from hub.storage.blobs import FileBlobStore
from hub.transport.peer import identify
from keys.authority import Authority, issue_hub_leaf, make_authority
from keys.enrolment import issue_client_certificate
from keys.revoking import answer_ocsp, make_crl
from tests.api import trails
from tests.exchange.hubs import CUSTODIAN, START, Hubs, LinkCarrier, signed_card, with_limits

ISSUER = "https://kz-knb.test:8443"
_AUTHORITIES: dict[str, Authority] = {}
_APPS: list[Flask] = []
_DECLARED: list[Declared] = []
_KEPT = "kept.sqlite3"
_KEY = ec.generate_private_key(ec.SECP256R1())


def authority(agency: str) -> Authority:
    """Return an agency's certificate authority, made on first use."""
    if agency not in _AUTHORITIES:
        _AUTHORITIES[agency] = make_authority(agency, at=START)
    return _AUTHORITIES[agency]


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def partner_certificate(agency: str, *, names: str | None = None) -> bytes:
    """Return the DER of a leaf that an agency's authority issued, to itself or in the name of another."""
    leaf = issue_hub_leaf(
        authority(agency),
        agency=names or agency,
        host_names=["localhost"],
        public_key=ec.generate_private_key(ec.SECP256R1()).public_key(),
        at=START,
    )
    return leaf.public_bytes(Encoding.DER)


def label(classification: str = "restricted", tlp: str = "green") -> dict[str, object]:
    """Return a whole label."""
    return {
        "classification": classification,
        "tlp": tlp,
        "handling": [],
        "releasable_to": [],
        "originator_control": False,
    }


def document(kind: str = "spontaneous-information", **changes: object) -> dict[str, object]:
    """Return a valid document of a kind under the test treaty, without what the hub fills in."""
    made = dict(template(Kind(kind)))
    for name in ("id", "version", "action", "originator", "created_at", "conversation", "in_reply_to"):
        made.pop(name, None)
    made |= {"legal_basis": {"agreement": "test-treaty", "articles": ["1"]}, "language": "en"}
    return made | {"label": label(), "attachments": []} | changes


@dataclass(kw_only=True)
class Said:
    """An answer, read as JSON where it is."""

    response: TestResponse

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self.response.headers

    @cached_property
    def body(self) -> Any:
        return json.loads(self.response.data) if self.response.data else None

    @property
    def code(self) -> str:
        """Return a refusal's code, after checking that it is a whole problem document."""
        assert self.response.content_type == "application/problem+json", self.response.data
        assert self.body["type"] == f"urn:hub:problem:{self.body['code']}"
        assert self.body["status"] == self.status
        assert self.body["title"]
        assert self.body["detail"]
        return str(self.body["code"])

    def ok(self, status: int = 200) -> Any:
        assert self.status == status, (self.status, self.response.data[:500])
        return self.body


@dataclass(kw_only=True)
class World:
    """kz-knb with its API, and cis-atc as a paired hub that can seal for it."""

    hubs: Hubs
    broker: Broker
    other: Broker
    alive: bool = True
    log_failure: HubError | None = None
    paused: list[float] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = _KEY

    @cached_property
    def trust(self) -> TrustSource:
        return TrustSource(self.broker.store.read, authority_pem=pem(authority("kz-knb").certificate))

    @cached_property
    def context(self) -> ApiContext:
        return ApiContext(
            broker=self.broker,
            token_key=lambda: self.key,
            token_verifiers=lambda: (self.key.public_key(),),
            issuer=ISSUER,
            identify=lambda der, at: identify(der, self.trust.current(at), at),
            dispatching=lambda: self.alive,
            log_failure=lambda: self.log_failure,
            pause=self._stop_at_once,
            certificate_of=lambda environ: environ.get("test.certificate"),
            polls_max=1,
            directory=self.place,
            crl=self._crl,
            ocsp=self._ocsp,
        )

    def _crl(self, name: str) -> bytes:
        issuer = authority("kz-knb")
        if not authority_id(pem(issuer.certificate)).startswith(name):
            raise Refused("not-found", "No authority of ours has that id.")
        return make_crl(issuer, [], at=self.hubs.clock.now(), life=timedelta(days=1))

    def _ocsp(self, request: bytes) -> bytes:
        return answer_ocsp(
            lambda *_: ("", authority("kz-knb")),
            request,
            lambda *_: None,
            at=self.hubs.clock.now(),
            life=timedelta(days=1),
        )

    @property
    def place(self) -> Place:
        """Return where the directory of agencies is kept."""
        return Place(folder=self.hubs.folder / "kz-knb" / "directory")

    def _stop_at_once(self, seconds: float) -> bool:
        """Stand for a hub that stops as soon as somebody waits."""
        self.paused.append(seconds)
        return True

    @cached_property
    def desk(self) -> Desk:
        return open_desk(self.context)

    @property
    def app(self) -> Flask:
        """Return the application at this world's desk; making the specification anew would take too long."""
        if not _APPS:
            _APPS.append(create_app(self.context))
        attach(_APPS[0], self.desk)
        return _APPS[0]

    def limited(self, **changes: object) -> World:
        """Return the same hub with other limits, behind an application of its own."""
        return replace(self, broker=with_limits(self.broker, **changes))

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        certificate: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        environ: Mapping[str, object] | None = None,
        **more: Any,
    ) -> Said:
        told = dict(headers or {})
        if token is not None:
            told["Authorization"] = f"Bearer {token}"
        if body is not None:
            more["json"] = body
        before = trails.position(self._writing)
        response = self.app.test_client().open(
            path,
            method=method,
            headers=told,
            environ_overrides={"test.certificate": certificate, **(environ or {})},
            **more,
        )
        said = Said(response=response)
        self._compare(said, method, before)
        return said

    @property
    def _writing(self) -> Broker:
        """Return the hub whose log is read, also where a test has broken what the API works with."""
        return self.hubs.network.broker("kz-knb")

    def _compare(self, said: Said, method: str, before: int) -> None:
        """Compare an answer with what its operation declares, in the specification and for the log."""
        try:
            endpoint, _ = self.app.url_map.bind("test").match(said.response.request.path, method=method)
        except HTTPException:
            return
        trails.compare(self._writing, endpoint, after=before, status=said.status)
        if not _DECLARED:
            _DECLARED.append(Declared(self.app.test_client().get("/openapi.json").json))
        _DECLARED[0].compare(endpoint.rpartition(".")[2], said)

    def officer(self, name: str, *roles: Role, life_s: int = 900) -> str:
        """Open an account and return a token for it; the password is never asked for."""
        row = OfficerRow(
            name=name,
            roles=frozenset(roles),
            password_hash="",
            totp=Body(body_id=f"totp-{name}", wrapped_key=b"", nonce=b"", ciphertext=b""),
            active=True,
            added_at=START,
            clearance=Classification.TOP_SECRET,
        )
        self.put_officer(row)
        self.later()
        grant = Grant(subject=f"officer:{name}", scopes=of_roles(roles), thumbprint=None)
        return Tokens(lambda: self.key, lambda: (), issuer=ISSUER).issue(
            grant, at=self.hubs.clock.now(), life_s=life_s
        )

    def put_officer(self, row: OfficerRow) -> None:
        with self.broker.store.work() as work:
            work.directory.put_officer(row)
            work.stage([self.broker.event(Act.OFFICER_CHANGED, CUSTODIAN, row.name, START)])
            work.commit()

    def member(self, agency: str, *scopes: str) -> bytes:
        """Register a member; return its certificate's DER."""
        issued = issue_client_certificate(authority("kz-knb"), member=agency, at=START)
        add_member(
            self.broker,
            CUSTODIAN,
            agency=agency,
            name=agency,
            certificate_pem=issued.certificate_pem,
            scopes=scopes or ("submit:*", "collect:*"),
        )
        self.later()
        leaf = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
        return leaf.public_bytes(Encoding.DER)

    def ask_token(self, agency: str, certificate: bytes | None, **form: str) -> Said:
        told = {"grant_type": "client_credentials", "client_id": agency} | form
        return self.call("POST", "/oauth/token", certificate=certificate, data=told)

    def system(self, agency: str, *scopes: str) -> tuple[str, bytes]:
        """Register a member; return a token for its system, and the certificate that it is bound to."""
        certificate = self.member(agency, *scopes)
        return self.ask_token(agency, certificate).ok()["access_token"], certificate

    def later(self, seconds: float = 2) -> None:
        """Let time pass, so that a change of the directory is seen."""
        self.hubs.clock.pass_(seconds)

    def row(self, record_id: str) -> RecordRow:
        with self.broker.store.read() as view:
            found = view.records.get(record_id)
        assert found is not None
        return found

    def events(self, act: Act) -> list[Mapping[str, str]]:
        with self.broker.store.read() as view:
            return [event.details for _, event in view.events(after=0, limit=1000) if event.act is act]


class Declared:
    """A specification, by operation."""

    def __init__(self, document: Any) -> None:
        self._components = document["components"]
        self._validators: dict[tuple[str, str], Any] = {}
        self._responses = {
            told["operationId"]: told["responses"]
            for item in document["paths"].values()
            for method, told in item.items()
            if method != "parameters"
        }

    def compare(self, operation: str, said: Said) -> None:
        """Fail for a status, a code or a body that the specification does not name."""
        if operation not in self._responses or not said.response.data:
            return
        status = str(said.status)
        content = self._responses[operation][status].get("content", {})
        media = content[said.response.mimetype]
        if said.status >= 400 and said.response.mimetype.endswith("json"):
            assert said.code in media["examples"], (operation, said.code)
        if said.response.mimetype.endswith("json"):
            self._validator(operation, status, media["schema"]).validate(said.body)

    def _validator(self, operation: str, status: str, schema: Any) -> Any:
        key = operation, status
        if key not in self._validators:
            whole = {**schema, "components": self._components}
            self._validators[key] = jsonschema_rs.validator_for(whole)
        return self._validators[key]


def make_pattern(folder: Path) -> Hubs:
    """Make the two hubs, paired both ways under one agreement; worlds are made of them."""
    hubs = Hubs(folder=folder)
    ours, theirs = hubs.add("kz-knb"), hubs.add("cis-atc")
    for us, them in ((ours, theirs), (theirs, ours)):
        card = signed_card(
            them,
            name=them.agency,
            url=f"https://{them.agency}.test:8443",
            tls_ca_pem=pem(authority(them.agency).certificate),
        )
        pair(us, CUSTODIAN, card, confirmed_fingerprint=fingerprint(card))
    hubs.agree(extra=("kz-mvd", "kz-border"))
    keep(hubs)
    return hubs


def fresh_world(pattern: Hubs, folder: Path) -> World:
    """Return the two hubs as they were made, with a clock, a network and caches of their own.

    The stores stay open and their content is put back: to open new ones for each test takes ten times as
    long as what most tests do.
    """
    hubs = Hubs(folder=folder)
    for agency, broker in pattern.network.brokers.items():
        _put_back(pattern.folder / agency)
        hubs.network.brokers[agency] = replace(
            broker,
            clock=hubs.clock,
            blobs=FileBlobStore(folder / agency / "attachments"),
            carrier=LinkCarrier(us=agency, network=hubs.network),
            standings=StandingCache(),
        )
    return World(hubs=hubs, broker=hubs.network.broker("kz-knb"), other=hubs.network.broker("cis-atc"))


def keep(pattern: Hubs) -> None:
    """Keep the stores' content as it is now, for `fresh_world` to put back."""
    for agency in pattern.network.brokers:
        _copy(pattern.folder / agency / "hub.sqlite3", pattern.folder / agency / _KEPT)


def _put_back(home: Path) -> None:
    _copy(home / _KEPT, home / "hub.sqlite3")


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def overdo(call: Callable[[], Said], *, allowed: int) -> list[Said]:
    """Ask until it is refused as too often, which it never is before `allowed` requests.

    Where a minute of the clock ends in between, part of the first requests no longer counts.
    """
    said = [call() for _ in range(allowed + 1)]
    while said[-1].status != 429 and len(said) <= 2 * allowed + 2:
        said.append(call())
    assert said[-1].code == "too-many-requests"
    assert 429 not in {one.status for one in said[:allowed]}
    return said
