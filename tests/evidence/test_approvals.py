"""Who approved is proven by the officers' own signatures, and by the log that says whose keys they were."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.envelope import personal_keys
from hub.evidence.approved import approvals_agree, check_keys
from hub.evidence.findings import Notebook, Standing
from hub.evidence.verifying import verify_bundle
from hub.exchange.accounts import add_officer
from hub.exchange.approving import ByPassword
from hub.exchange.contents import find_row, read_manifest
from hub.exchange.drafting import draft
from hub.exchange.officer_keys import revoke
from hub.exchange.releasing import approve
from tests.evidence.world import World, keys_of, proven
from tests.exchange.hubs import AIGUL, BOLAT, CUSTODIAN, Hubs, document, run_lanes

PASSWORD = "a long enough sentence"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> World:
    hubs = Hubs(folder=tmp_path_factory.mktemp("hubs"))
    for agency in ("kz-knb", "cis-atc", "sco-rats"):
        hubs.add(agency)
    hubs.pair_all()
    hubs.agree()
    world = World(hubs=hubs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(personal_keys, "_MEMORY_KIB", 8)
        add_officer(
            world.ours,
            CUSTODIAN,
            name="bolat",
            password=PASSWORD,
            roles=BOLAT.roles,
            clearance=BOLAT.clearance,
        )
        row = draft(world.ours, AIGUL, document(), recipients=["cis-atc"])
        opens = ByPassword(password=PASSWORD)
        approve(world.ours, BOLAT, row.record_id, digest=row.digest, recipients=row.recipients, sign=opens)
    world.record_id = row.record_id
    run_lanes(world.ours)
    hubs.clock.pass_(60)
    revoke(world.ours, CUSTODIAN, "bolat")  # later: what was signed before stays proven
    return world


def test_the_officers_key_was_registered_before_the_release(signed: World) -> None:
    verdict = proven(signed.export(), signed.anchors())
    found = keys_of(verdict, Standing.PROVEN)
    assert {"approval-by-own-key", "approval-key-registered", "released-by-second"} <= found
    assert ("officer:bolat", "approval") in {(one.by, one.what) for one in verdict.signatures}


def test_the_recipients_bundle_has_the_officers_signature_too(signed: World) -> None:
    theirs = signed.theirs
    verdict = verify_bundle(signed.export(theirs), signed.anchors(theirs))
    assert "approval-by-own-key" in keys_of(verdict, Standing.PROVEN)
    assert not keys_of(verdict, Standing.DISPROVEN)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"index": 9}, "approval-key-not-shown"),
        ({"officer": "erlan"}, "approval-key-of-another"),
        ({"revoked": 3}, "approval-key-revoked"),
        ({"revoked": 7}, "approval-key-registered"),
        ({}, "approval-key-registered"),
    ],
)
def test_a_key_counts_from_its_registration_to_its_revocation(changes: dict[str, Any], key: str) -> None:
    class _Signed:
        kid = "k"

    def entry(index: int, **details: str) -> Any:
        return type("E", (), {"index": index, "subject": "k", "details": details})()

    entries = [entry(changes.get("index", 1), officer=changes.get("officer", "bolat"), change="registered")]
    if "revoked" in changes:
        entries.append(entry(changes["revoked"], officer="bolat", change="revoked"))
    approval: Any = type("A", (), {"by": "officer:bolat", "signed": _Signed()})()
    notes = Notebook()
    check_keys(notes, entries, entry(5), [approval], version="1")
    assert [one.key for one in notes.findings] == [key]


def test_a_log_that_names_other_statements_disproves_the_approval(signed: World) -> None:
    with signed.theirs.store.read() as view:
        came = read_manifest(signed.theirs, view, find_row(view, signed.record_id))
    told = {"approvers": "officer:bolat", "statements": "00"}
    entry: Any = type("E", (), {"who": "officer:bolat", "details": told})()
    content = "00"
    assert not approvals_agree(entry, came.approvals, content)
    assert not approvals_agree(entry, [replace(one, by="officer:erlan") for one in came.approvals], content)
