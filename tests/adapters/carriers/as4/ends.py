"""Two sides of an exchange of AS4 messages: with what they agreed, as carriers, and as servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509

from adapters.carriers.as4 import As4Carrier, make
from adapters.carriers.as4.names import UNREGISTERED
from adapters.carriers.as4.parties import Agreed
from adapters.carriers.as4.parties import Party as Named
from adapters.contract import Parcel, Reply, Verdict
from tests.adapters.materials import Given
from tests.adapters.seals.parties import Party, party, rsa_key
from tests.servers.mutual import Served, client_leaf, partner_authority, served

SERVICE, ACTION = "urn:hub:records", "submit"
Decide = Callable[[Parcel], Verdict | None]


@cache
def sides() -> tuple[Party, Party]:
    """Return us and the partner."""
    return party("kz-knb", rsa_key()), party("de-bka", rsa_key())


def agreed(us: Party, them: Party, /, **others: Any) -> Agreed:
    """Return what one side has agreed with the other."""
    told: dict[str, Any] = {
        "us": Named(agency=us.name, party_id=us.name),
        "them": Named(agency=them.name, party_id=them.name),
        "party_type": UNREGISTERED,
        "service": SERVICE,
        "service_type": None,
        "action": ACTION,
        "agreement": None,
        "key": us.key,
        "certificate": us.certificate,
        "theirs": [them.certificate],
        "max_parcel_bytes": 1 << 20,
    }
    return Agreed(**told | others)


def end(
    us: Party,
    them: Party,
    *,
    url: str,
    state: Path,
    pinned: Sequence[x509.Certificate] = (),
    **options: Any,
) -> As4Carrier:
    """Make one end, as a profile would."""
    leaf, key = client_leaf()
    given = Given(
        us=us.name,
        them=them.name,
        state=state / us.name,
        keys={"as4": us.key, "as4-tls": key},
        chains={
            "as4": [us.certificate],
            them.name: pinned or [them.certificate],
            "as4-tls": [leaf],
            "as4-client": [leaf],
            "as4-authority": [partner_authority().certificate],
        },
    )
    return make({"address": f"{url}/as4", "request_timeout_s": 20, "ask_again_s": 0, **options}, given)


class Desk:
    """An end as a server, in a hub's place: it hands what comes to a carrier, and decides as it is told.

    Where it `loses`, it does what it should and its answer does not arrive; or what it `says` does instead.
    """

    def __init__(self) -> None:
        self.carrier: As4Carrier | None = None
        self.decide: Decide = lambda _: None
        self.replies: list[Reply] = []
        self.bodies: list[bytes] = []
        self.loses = False
        self.says: bytes | None = None

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if self.carrier is None or environ["REQUEST_METHOD"] != "POST":
            start("405 Method Not Allowed", [("Content-Length", "0")])
            return []
        self.bodies.append(body)
        reply = self.carrier.receive(environ["CONTENT_TYPE"], body, decide=self.decide)
        self.replies.append(reply)
        if self.loses:
            start("502 Bad Gateway", [("Content-Length", "0")])
            return []
        if self.says is not None:
            reply = Reply(status=200, media_type="application/soap+xml", body=self.says)
        headers = [("Content-Length", str(len(reply.body)))]
        headers += [("Content-Type", reply.media_type)] if reply.media_type else []
        start(f"{reply.status} Said", headers)
        return [reply.body]


@contextmanager
def desk() -> Iterator[tuple[Desk, Served]]:
    """Serve an end that is made later."""
    made = Desk()
    with served(made) as running:
        yield made, running
