"""The partner's end: it reads what comes in its format, answers as its carrier does, sends its own."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import urllib3

from adapters import registry
from adapters.carriers.mutual_tls import context
from adapters.contract import Adapter, Called, Carrier, Parcel, Seal, Verdict
from demo.cast import US, Place
from demo.clients import Trouble
from demo.hubless.cast import Hubless
from demo.hubless.gateway import Gateway
from demo.hubless.papers import Drawer, Paper
from hub.errors import HubError
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template

_TAXII: Final = "application/taxii+json;version=2.1"
_AT_ONCE: Final = 20
Key = tuple[str, int]


class Reach(Protocol):
    """Makes an end's carrier once there is what it needs; None until then."""

    def __call__(self) -> Carrier | None: ...


@dataclass(kw_only=True)
class End:
    """One partner's end. `read` is what it found in each parcel, `answers` what came back for its own."""

    partner: Hubless
    adapter: Adapter
    seal: Seal | None
    reach: Reach
    read: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str | None] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    _carrier: Carrier | None = None
    _waiting: list[Parcel] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Tell whether it has read something, and all that it sent was answered."""
        return bool(self.read) and len(self.answers) == len(self.sent)

    def send(self, parcel_id: str) -> None:
        """Write a record of its own in its format, and seal it; `work` hands it over."""
        document = _document(self.partner)
        made = self.adapter.dialect.translate(load_record(document).document).document
        sealed = made if self.seal is None else self.seal.seal(made)
        self._waiting.append(Parcel(parcel_id=parcel_id, content=sealed))
        self.sent[parcel_id] = document["id"]

    def work(self) -> None:
        """Hand over what waits, take and read what came, and note what was said of its own.

        What cannot be done now is done at the next turn, as the carrier goes on from where it was.
        """
        try:
            carrier = self._carrier = self._carrier or self.reach()
            if carrier is not None:
                self._work(carrier)
        except HubError as error:
            self.refused.append(error.code)

    def lose_one(self) -> None:
        """Forget a parcel that was receipted."""
        self.read.popitem()

    def _work(self, carrier: Carrier) -> None:
        while self._waiting:
            carrier.push(self._waiting[0])
            self._waiting.pop(0)
        for parcel in carrier.pull(limit=_AT_ONCE):
            self.read[parcel.parcel_id] = self._open(parcel)
            carrier.acknowledge(parcel.parcel_id, Verdict(taken=True))
        for receipt in carrier.receipts(limit=_AT_ONCE):
            self.answers[receipt.parcel_id] = receipt.verdict.code
            carrier.settle(receipt.parcel_id)

    def _open(self, parcel: Parcel) -> Mapping[str, Any]:
        document = parcel.content if self.seal is None else self.seal.open(parcel.content).document
        return self.adapter.dialect.interpret(document).record


def make_end(partner: Hubless, drawer: Drawer, *, seal: Mapping[str, Any] | None, reach: Reach) -> End:
    """Compose a partner's end of its adapter."""
    said = tomllib.loads(partner.head)
    named = f"bilateral-{said['dialect']}" if "dialect" in said else partner.adapter
    return End(
        partner=partner,
        adapter=registry.make(named),
        seal=None if seal is None else registry.make_seal("smime", seal, drawer),
        reach=reach,
    )


def straight(carrier: str, options: Mapping[str, Any], drawer: Drawer) -> Callable[[], Carrier]:
    """Return what makes a carrier that needs nothing but its options."""
    return lambda: registry.make_carrier(carrier, options, drawer)


def called(gateway: Gateway, options: Mapping[str, Any], drawer: Drawer) -> Reach:
    """Return what gives the carrier that a gateway hands its messages to; it is made at once."""
    made = registry.make_carrier("as4", options, drawer)
    assert isinstance(made, Called)
    gateway.carrier = made
    return lambda: made


def collecting(place: Place, paper: Paper, drawer: Drawer, *, colour: str) -> Reach:
    """Return what makes a TAXII client of our hub, once our hub shows both of its collections."""
    authority = drawer.certificates("taxii-authority")
    tls = context(paper.key, (paper.certificate, paper.authority), authority, tls="1.3")
    pool = urllib3.PoolManager(ssl_context=tls, retries=False, timeout=20.0)

    def reach() -> Carrier | None:
        listed = pool.request(
            "GET", f"{place.url}/taxii2/hub/collections/", headers={"Accept": _TAXII}, redirect=False
        )
        if listed.status != 200:
            raise Trouble(f"TAXII collections at {US}: {listed.status}.")
        found = json.loads(listed.data).get("collections", [])
        posts = [one["id"] for one in found if one["can_write"]]
        reads = [one["id"] for one in found if one["can_read"] and one["title"].endswith(f", {colour}")]
        if not (posts and reads):
            return None
        options = {
            "api_root": f"{place.url}/taxii2/hub/",
            "push_collection": posts[0],
            "pull_collection": reads[0],
        }
        return registry.make_carrier("taxii", options, drawer)

    return reach


def _document(partner: Hubless) -> dict[str, Any]:
    """Return a record of the partner's own; the person in it is invented."""
    return template(Kind(partner.to_us)) | {
        "originator": partner.agency,
        "language": partner.language,
        "legal_basis": {"agreement": partner.agreement, "articles": [partner.article]},
        "label": {"classification": "restricted", "tlp": "amber"}
        | {"handling": [], "releasable_to": [], "originator_control": False},
    }


def state_of(folder: Path, agency: str) -> Path:
    """Return where an end keeps what must last."""
    return folder / "ends" / agency
