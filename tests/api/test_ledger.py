"""Officers read what a quarter's numbers are, and compile the figures that members handed in."""

from __future__ import annotations

from typing import Any

import pytest

from hub.audit.events import Act
from hub.exchange.agreements import adopt
from hub.records.actor import Role
from tests.api.test_records import received
from tests.api.world import World, document
from tests.exchange.hubs import CUSTODIAN, agreement_text, released

KIND = "illicit-transport-report"
ARMS = {"goods": "arms", "cases": 2, "persons": 3, "quantity": "4", "unit": "pieces"}
DRUGS = {"goods": "drugs", "cases": 5, "quantity": "1.250", "unit": "kilograms", "direction": "transit"}
ASKED = {"quarter": "2026-Q4", "justification": "quarterly report"}
TRANSPORT = "/api/v1/ledger/transport"
DRAFTS = f"{TRANSPORT}/drafts"


def hand_in(world: World, member: str, *figures: dict[str, object]) -> str:
    """Submit a member's report on the quarter as its system; it waits for its release."""
    token, certificate = world.system(member)
    details = {"quarter": "2026-Q4", "authority": {"name": "Office"}, "figures": [*figures]}
    items = [{"record": document(KIND, details=details), "recipients": ["cis-atc"]}]
    said = world.call("POST", "/api/v1/records", {"records": items}, token=token, certificate=certificate)
    return str(said.ok()["items"][0]["record_id"])


def test_the_figures_of_a_quarter_are_compiled_and_a_report_of_them_is_drafted(
    world: World, drafter: str
) -> None:
    first = hand_in(world, "kz-mvd", ARMS, DRUGS)
    world.member("kz-border")
    told = world.call("POST", TRANSPORT, ASKED, token=drafter).ok()
    assert told["delivered"] == [{"agency": "kz-mvd", "record_id": first, "older": []}]
    assert (told["quarter"], told["missing"]) == ("2026-Q4", ["kz-border"])
    assert told["totals"] == [ARMS, DRUGS | {"quantity": "1.250"}]
    (read,) = world.events(Act.CONSULTED)
    assert read["compiled_for"] == "2026-Q4"
    said = world.call("POST", DRAFTS, ASKED | {"to": "cis-atc"}, token=drafter)
    row = said.ok(201)
    assert (row["kind"], row["state"], row["recipients"]) == (KIND, "draft", ["cis-atc"])
    assert said.headers["ETag"]
    assert world.events(Act.DRAFTED)[-1]["compiled_from"] == first
    content = world.call(
        "POST", f"/api/v1/records/{row['record_id']}/read", {"justification": "check"}, token=drafter
    ).ok()["record"]
    assert content["details"]["figures"] == [ARMS, DRUGS]


def test_a_report_of_our_own_counts_where_it_is_named(world: World, drafter: str) -> None:
    details = {"quarter": "2026-Q4", "authority": {"name": "Office"}, "figures": [ARMS]}
    body = {"record": document(KIND, details=details), "recipients": ["cis-atc"]}
    own = world.call("POST", "/api/v1/drafts", body, token=drafter).ok(201)["record_id"]
    assert world.call("POST", TRANSPORT, ASKED, token=drafter).ok()["delivered"] == []
    told = world.call("POST", TRANSPORT, ASKED | {"own": [own]}, token=drafter).ok()
    assert [one["agency"] for one in told["delivered"]] == ["kz-knb"]


@pytest.mark.parametrize(
    ("path", "changes", "status", "code"),
    [
        (TRANSPORT, {"quarter": "2026-Q5"}, 422, "request-invalid"),
        (TRANSPORT, {"quarter": "2026-Q4\n"}, 422, "request-invalid"),
        (TRANSPORT, {"justification": None}, 422, "justification-missing"),
        (TRANSPORT, {"justification": "-"}, 422, "justification-missing"),
        (TRANSPORT, {"partners": ["xx-none"]}, 404, "partner-unknown"),
        (TRANSPORT, {"own": ["019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"]}, 404, "not-found"),
        (DRAFTS, {"to": "cis-atc"}, 409, "transition-invalid"),
    ],
)
def test_what_cannot_be_compiled_is_refused(
    world: World, drafter: str, path: str, changes: dict[str, Any], status: int, code: str
) -> None:
    said = world.call("POST", path, ASKED | changes, token=drafter)
    assert (said.status, said.code) == (status, code)


def test_a_report_goes_where_an_agreement_lets_it_go(world: World, drafter: str) -> None:
    hand_in(world, "kz-mvd", ARMS)
    other = agreement_text(("kz-knb", "cis-atc")).replace("test-treaty", "other-treaty")
    adopt(world.broker, CUSTODIAN, other)
    world.later()
    wanted = ASKED | {"to": "cis-atc"}
    for changes in ({}, {"agreement": "no-treaty"}):
        said = world.call("POST", DRAFTS, wanted | changes, token=drafter)
        assert (said.status, said.code) == (403, "agreement-missing")
    row = world.call("POST", DRAFTS, wanted | {"agreement": "other-treaty"}, token=drafter).ok(201)
    assert row["agreement"] == "other-treaty"


def test_readers_compile_and_drafters_draft(world: World, custodian: str) -> None:
    reader = world.officer("rinat", Role.READER)
    assert world.call("POST", TRANSPORT, ASKED, token=reader).status == 200
    assert world.call("POST", TRANSPORT, ASKED, token=custodian).code == "role-missing"
    assert world.call("POST", DRAFTS, ASKED | {"to": "cis-atc"}, token=reader).code == "role-missing"
    alone = world.officer("madina", Role.DRAFTER)
    assert world.call("POST", DRAFTS, ASKED | {"to": "cis-atc"}, token=alone).code == "role-missing"


def test_what_came_of_requests_is_counted_by_partner(world: World, custodian: str) -> None:
    released(world.broker, "cis-atc", **document("assistance-request"))
    received(world)
    told = world.call("GET", "/api/v1/ledger", token=custodian).ok()
    assert told["quarter"] == "2026-Q4"
    (page,) = told["items"]
    assert (page["partner"], page["sent"]) == ("cis-atc", [{"kind": "assistance-request", "records": 1}])
    assert [one["records"] for one in page["received"]] == [1]
    asked = page["asked"]
    assert (asked["made"], asked["outstanding"], asked["refused"], asked["grounds"]) == (1, 1, 0, [])
    assert "median_days" not in asked
    query = "?quarter=2026-Q3&partner=cis-atc"
    (before,) = world.call("GET", f"/api/v1/ledger{query}", token=custodian).ok()["items"]
    assert (before["sent"], before["asked"]["made"]) == ([], 0)


def test_the_ledger_tells_how_requests_were_answered(world: World) -> None:
    asked = received(world, **document("assistance-request"))
    world.later(36 * 3600)
    ground = {"ground": "no-such-data", "explained": "No file."}
    details = {"outcome": "refused", "answering": {"name": "Office", "country": "KZ"}, "ground": ground}
    tied = {"in_reply_to": asked, "conversation": world.row(asked).conversation}
    released(world.broker, "cis-atc", **document("assistance-answer", details=details), **tied)
    reader = world.officer("rinat", Role.READER)
    (page,) = world.call("GET", "/api/v1/ledger?partner=cis-atc", token=reader).ok()["items"]
    answered = page["asked_of_us"]
    assert (answered["made"], answered["refused"], answered["median_days"]) == (1, 1, "1.5")
    assert (answered["full"], answered["partial"], answered["outstanding"]) == (0, 0, 0)
    assert answered["grounds"] == [{"ground": "no-such-data", "requests": 1}]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [("?quarter=2026", 422, "request-invalid"), ("?partner=xx-none", 404, "partner-unknown")],
)
def test_a_ledger_of_nothing_is_refused(
    world: World, custodian: str, query: str, status: int, code: str
) -> None:
    said = world.call("GET", f"/api/v1/ledger{query}", token=custodian)
    assert (said.status, said.code) == (status, code)
    token, certificate = world.system("kz-mvd")
    assert world.call("GET", "/api/v1/ledger", token=token, certificate=certificate).code == "role-missing"
