"""Interpol's public list as a server over TLS, filled from the real notices, and a hub that reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.exchange.broker import Broker
from hub.exchange.hubless.keeper import look
from hub.exchange.hubless.pinning import pin_profile, profile_digest, put_material
from tests.adapters import data
from tests.adapters.interpol.test_hal import listed
from tests.exchange.hubs import CUSTODIAN, Hubs
from tests.transport.agencies import hub_leaf, keyring
from tests.transport.answering import Asked, Said, answering

FEED, DAY_S = "de-bka", 86_400
PROFILE = """
adapter = "interpol"
receipts = "none"

[decides]
originator = "de-bka"
purpose = "prevention"
language = "en"
legal_basis = {{ agreement = "test-treaty", articles = ["1"] }}
label = {{ classification = "unclassified", tlp = "clear" }}

[carrier]
name = "interpol-feed"
list = "red"
base_url = "{url}"
authority = "feed"
"""


@dataclass(kw_only=True)
class PublicList:
    """The red list, which a test changes, and the hub that has it as a partner."""

    hubs: Hubs
    broker: Broker
    folder: Path
    notices: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    def answer(self, asked: Asked) -> Said:
        """Answer as the public API does: the list, or one of its notices."""
        last = asked.path.partition("?")[0].removeprefix("/notices/v1/red").strip("/")
        if not last:
            shown = {"total": len(self.notices), "_embedded": {"notices": list(self.notices.values())}}
            return Said(body=json.dumps(shown).encode())
        found = self.notices.get(last.replace("-", "/"))
        return Said(status=404) if found is None else Said(body=json.dumps(found).encode())

    def put(self, notice: dict[str, Any]) -> None:
        """Publish a notice, or what became of it."""
        number = notice["entity_id"]
        href = f"{self.url}/notices/v1/red/{number.replace('/', '-')}"
        self.notices[number] = notice | {"_links": {"self": {"href": href}}}

    def pin(self, more: str = "") -> None:
        """Pin the list as a partner without a hub."""
        authority = keyring("interpol-ncb-kz").tls_files().authority_pem
        put_material(self.broker, CUSTODIAN, FEED, "feed", "certificates", authority.encode())
        source = PROFILE.format(url=self.url) + more
        pin_profile(self.broker, CUSTODIAN, FEED, source, confirmed_digest=profile_digest(source))

    def look(self) -> None:
        """Look at the list as the hub's keeper does, until nothing more comes of it."""
        for _ in range(3):
            self.hubs.clock.pass_(self.broker.limits.parcels_interval_s)
            assert look(self.broker, self.broker.standing().hubless[FEED])

    def look_later(self) -> None:
        """Look again a day later: the carrier reads the machine's clock, so its last look is made older."""
        (sweep,), (places,) = self.folder.rglob("sweep"), self.folder.rglob("places-red")
        told = json.loads(sweep.read_bytes())
        sweep.write_text(json.dumps(told | {"began_at": told["began_at"] - DAY_S}))
        rows = json.loads(places.read_bytes()).items()
        older = {name: [*place, missed and missed - DAY_S] for name, (*place, missed) in rows}
        places.write_text(json.dumps(older))
        self.look()


def real_notices(most: int) -> list[dict[str, Any]]:
    """Return some of the real notices, as the list shows them."""
    return [listed(one) for one in json.loads(data.file("interpol/red-notices-list-100-2025-10.json"))[:most]]


@contextmanager
def public_list(
    hubs: Hubs, broker: Broker, folder: Path, notices: list[dict[str, Any]], more: str = ""
) -> Iterator[PublicList]:
    """Serve a list, and pin it."""
    made = PublicList(hubs=hubs, broker=broker, folder=folder)
    with answering(hub_leaf("interpol-ncb-kz"), made.answer) as there:
        made.url = there.url
        for one in notices:
            made.put(one)
        made.pin(more)
        yield made
