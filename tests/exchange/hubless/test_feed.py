"""Interpol's public notices in a hub: from the list over HTTPS to records that a member collects."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hub.bootstrap.adapted import Adapters
from hub.exchange.agreements import adopt
from hub.exchange.hubless.keeper import look
from hub.exchange.hubless.pinning import pin_profile, profile_digest, put_material
from hub.exchange.routing import collect
from tests.adapters import data
from tests.adapters.interpol.test_hal import listed
from tests.exchange.hubs import CUSTODIAN, Hubs, add_member, agreement_text
from tests.transport.agencies import hub_leaf, keyring
from tests.transport.answering import Asked, Said, answering

pytestmark = pytest.mark.slow
US, THEM = "kz-knb", "de-bka"
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


def test_real_notices_of_the_public_list_reach_the_member_that_collects_them(
    hubs: Hubs, tmp_path: Path
) -> None:
    real = json.loads(data.file("interpol/red-notices-list-100-2025-10.json"))[:20]
    notices = {one["entity_id"]: listed(one) for one in real}

    def answer(asked: Asked) -> Said:
        path = asked.path.partition("?")[0].removeprefix("/notices/v1/red")
        if path:
            return Said(body=json.dumps(notices[path.strip("/").replace("-", "/")]).encode())
        shown = {"total": len(notices), "_embedded": {"notices": list(notices.values())}}
        return Said(body=json.dumps(shown).encode())

    broker = hubs.add(US)
    adapting = Adapters(agency=US, store=broker.store, keyring=broker.keyring, folder=tmp_path)
    broker = replace(broker, adapting=adapting)
    adopt(broker, CUSTODIAN, agreement_text([US, THEM, "kz-mvd"]))
    add_member(broker, "kz-mvd")
    authority = keyring("interpol-ncb-kz").tls_files().authority_pem
    with answering(hub_leaf("interpol-ncb-kz"), answer) as there:
        for number, one in notices.items():
            href = f"{there.url}/notices/v1/red/{number.replace('/', '-')}"
            one["_links"] = {"self": {"href": href}}
        source = PROFILE.format(url=there.url)
        put_material(broker, CUSTODIAN, THEM, "feed", "certificates", authority.encode())
        pin_profile(broker, CUSTODIAN, THEM, source, confirmed_digest=profile_digest(source))
        for _ in range(3):
            hubs.clock.pass_(broker.limits.parcels_interval_s)
            assert look(broker, broker.standing().hubless[THEM])
    found = [one.record.document for one in collect(broker, "kz-mvd", after=0, limit=50) if one.record]
    assert sorted(one["details"]["number"] for one in found) == sorted(notices)
    assert {one["kind"] for one in found} == {"notice"}
    assert {one["originator"] for one in found} == {THEM}
