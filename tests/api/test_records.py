"""Records as they stand: listed without gaps, read with a reason, answered, corrected, withdrawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hub.audit.events import Act
from hub.exchange.correcting import withdraw
from hub.exchange.receiving import receive
from hub.exchange.releasing import approve
from hub.records.actor import Role
from hub.records.ids import new_id
from hub.records.kinds import Kind
from tests.api.world import World, document
from tests.exchange.crafting import craft, stated
from tests.exchange.hubs import AIGUL, BOLAT, release_it, released, run_lanes

UNKNOWN = "019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"


def received(world: World, **changes: Any) -> str:
    """Let cis-atc send a record; return its id."""
    row = released(world.other, "kz-knb", **(document() | changes))
    run_lanes(world.other)
    return row.record_id


def sent(world: World, *recipients: str) -> str:
    return released(world.broker, *(recipients or ("cis-atc",)), **document()).record_id


def walked(world: World, token: str, query: str) -> list[str]:
    found, after = [], ""
    while (page := world.call("GET", f"/api/v1/records?{query}{after}", token=token).ok())["items"]:
        found += [one["record_id"] for one in page["items"]]
        after = f"&after={page['next']}"
    return found


def test_a_list_is_read_to_its_end_without_gap_or_repeat(world: World, drafter: str) -> None:
    ids = [sent(world) for _ in range(5)]
    assert walked(world, drafter, "limit=2") == ids


def test_what_comes_meanwhile_is_at_the_end(world: World, drafter: str) -> None:
    first = [sent(world) for _ in range(2)]
    page = world.call("GET", "/api/v1/records?limit=10", token=drafter).ok()
    assert [one["record_id"] for one in page["items"]] == first
    late = sent(world)
    more = world.call("GET", f"/api/v1/records?after={page['next']}", token=drafter).ok()
    assert [one["record_id"] for one in more["items"]] == [late]


def test_a_list_is_narrowed(world: World, drafter: str) -> None:
    ours, theirs = sent(world), received(world)
    assert walked(world, drafter, "state=received") == [theirs]
    assert walked(world, drafter, "kind=notice") == []
    conversation = world.row(ours).conversation
    assert walked(world, drafter, f"conversation={conversation}") == [ours]


def test_a_list_of_strange_wishes_is_refused(world: World, drafter: str) -> None:
    for query in ("after=zzz", "limit=0", "limit=x", "state=lost", "colour=red", "limit=1&limit=2"):
        said = world.call("GET", f"/api/v1/records?{query}", token=drafter)
        assert (said.status, said.code) == (422, "request-invalid"), query


def test_a_record_is_shown_without_its_content(world: World, drafter: str) -> None:
    record_id = sent(world)
    row = world.call("GET", f"/api/v1/records/{record_id}", token=drafter).ok()
    assert (row["record_id"], row["state"], row["direction"]) == (record_id, "released", "out")
    assert not {"narrative", "subjects", "record"} & set(row)
    assert "in_reply_to" not in row
    older = world.call("GET", f"/api/v1/records/{record_id}?version=2", token=drafter)
    assert (older.status, older.code) == (404, "not-found")


def test_content_is_read_with_a_reason_and_logged(world: World, drafter: str) -> None:
    record_id = received(world)
    path = f"/api/v1/records/{record_id}/read"
    for body in ({}, {"justification": "x"}, {"justification": "two\nlines"}, {"justification": "a" * 501}):
        said = world.call("POST", path, body, token=drafter)
        assert (said.status, said.code) == (422, "justification-missing")
    assert not world.events(Act.CONSULTED)
    shown = world.call("POST", path, {"justification": "Case 26-114"}, token=drafter).ok()
    assert shown["record"]["narrative"] == document()["narrative"]
    assert len(world.events(Act.CONSULTED)) == 1
    assert world.row(record_id).state.value == "opened"


def test_a_grading_is_shown_with_what_it_means_in_its_own_scale(world: World, drafter: str) -> None:
    graded = {"scale": "4x4", "source": "B", "information": "3"}
    shown = [
        world.call(
            "POST",
            f"/api/v1/records/{released(world.broker, 'cis-atc', grading=told).record_id}/read",
            {"justification": "Case 26-114"},
            token=drafter,
        ).ok()
        for told in (graded, {**graded, "scale": "5x5x5", "handling": "3"})
    ]
    assert shown[0]["record"]["grading"] == graded
    assert shown[0]["grading_means"] == {
        "source": "reliable in most instances",
        "information": "not known personally to the source, and corroborated by other information",
    }
    assert shown[1]["grading_means"]["handling"] == "may be passed to law enforcement abroad"


def test_content_takes_the_role_of_reader(world: World, custodian: str) -> None:
    path = f"/api/v1/records/{received(world)}/read"
    said = world.call("POST", path, {"justification": "Case 26-114"}, token=custodian)
    assert (said.status, said.code) == (403, "role-missing")


def test_an_unknown_record_is_not_found(world: World, drafter: str) -> None:
    for method, path, body in (
        ("GET", f"/api/v1/records/{UNKNOWN}", None),
        ("GET", f"/api/v1/records/{UNKNOWN}/history", None),
        ("POST", f"/api/v1/records/{UNKNOWN}/read", {"justification": "Case 26-114"}),
        ("POST", f"/api/v1/records/{UNKNOWN}/answers", {"record": document()}),
        ("POST", f"/api/v1/records/{UNKNOWN}/corrections", {"record": document()}),
        ("POST", f"/api/v1/records/{UNKNOWN}/withdrawals", {"reason": "Mistaken."}),
        ("GET", "/api/v1/records/not-an-id", None),
    ):
        said = world.call(method, path, body, token=drafter)
        assert (said.status, said.code) == (404, "not-found"), path


def test_a_history_holds_everything_but_content(world: World, drafter: str) -> None:
    record_id = sent(world)
    run_lanes(world.broker)
    said = world.call("GET", f"/api/v1/records/{record_id}/history", token=drafter)
    life = said.ok()
    assert [r["approver"] for r in life["releases"]] == ["officer:bolat"]
    assert [(e["recipient"], e["state"]) for e in life["entries"]] == [("cis-atc", "accepted")]
    assert [(r["by"], r["status"]) for r in life["receipts"]] == [("cis-atc", "accepted")]
    assert str(document()["narrative"]) not in said.response.text


def test_an_arrival_is_in_the_history(world: World, drafter: str) -> None:
    life = world.call("GET", f"/api/v1/records/{received(world)}/history", token=drafter).ok()
    assert [(a["originator"], a["peer"], a["status"]) for a in life["inbox"]] == [
        ("cis-atc", "cis-atc", "accepted")
    ]


def test_an_answer_goes_to_whom_asked_in_their_conversation(world: World, drafter: str) -> None:
    asked = received(world, **document("assistance-request"))
    body = {"record": document("assistance-answer"), "priority": "flash"}
    answer = world.call("POST", f"/api/v1/records/{asked}/answers", body, token=drafter).ok(201)
    assert answer["recipients"] == ["cis-atc"]
    assert answer["in_reply_to"] == asked
    assert answer["conversation"] == world.row(asked).conversation
    assert answer["priority"] == "flash"


def test_a_correction_goes_to_everyone_who_got_it(world: World, drafter: str) -> None:
    record_id = sent(world)
    body = {"record": document(narrative="As it really was.")}
    row = world.call("POST", f"/api/v1/records/{record_id}/corrections", body, token=drafter).ok(201)
    assert (row["version"], row["action"], row["recipients"]) == (2, "correction", ["cis-atc"])
    again = world.call("POST", f"/api/v1/records/{record_id}/corrections", body, token=drafter)
    assert (again.status, again.code) == (409, "conflict")


def test_a_withdrawal_ends_a_record(world: World, drafter: str) -> None:
    record_id = sent(world)
    body = {"reason": "The person was confused with a namesake."}
    row = world.call("POST", f"/api/v1/records/{record_id}/withdrawals", body, token=drafter).ok(201)
    assert (row["version"], row["action"]) == (2, "withdrawal")
    approve(
        world.broker,
        BOLAT,
        record_id,
        digest=bytes.fromhex(row["digest"]),
        recipients=row["recipients"],
    )
    again = world.call("POST", f"/api/v1/records/{record_id}/withdrawals", body, token=drafter)
    assert (again.status, again.code) == (409, "transition-invalid")


def test_only_the_originator_corrects(world: World, drafter: str) -> None:
    record_id = received(world)
    said = world.call(
        "POST", f"/api/v1/records/{record_id}/corrections", {"record": document()}, token=drafter
    )
    assert (said.status, said.code) == (403, "policy-denied")


def test_a_list_takes_an_officer_with_some_role(world: World) -> None:
    said = world.call("GET", "/api/v1/records", token=world.officer("temir"))
    assert (said.status, said.code) == (403, "role-missing")
    token, certificate = world.system("kz-mvd")
    said = world.call("GET", "/api/v1/records", token=token, certificate=certificate)
    assert (said.status, said.code) == (403, "role-missing")


def test_kinds_are_listed_with_a_template_that_checks_out(world: World) -> None:
    token = world.officer("aigul", Role.READER)
    kinds = world.call("GET", "/api/v1/kinds", token=token).ok()["items"]
    assert len(kinds) == len(Kind)
    for kind in kinds:
        filled = world.call("GET", f"/api/v1/kinds/{kind['kind']}/template", token=token).ok()
        checked = world.call("POST", "/api/v1/records/check", filled, token=token).ok()
        assert checked == {"valid": True, "problems": []}
    said = world.call("GET", "/api/v1/kinds/gossip/template", token=token)
    assert (said.status, said.code) == (404, "not-found")


def test_a_check_says_what_is_wrong_and_stores_nothing(world: World) -> None:
    token = world.officer("aigul", Role.READER)
    wrong = {"record": document(purpose="curiosity")}
    found = world.call("POST", "/api/v1/records/check", wrong, token=token).ok()
    assert found["valid"] is False
    assert [one["path"] for one in found["problems"]] == ["purpose"]


def test_an_id_that_two_originators_sent_is_read_by_naming_one(world: World) -> None:
    third = world.hubs.add("sco-rats")
    world.hubs.pair(world.broker, third)
    world.hubs.pair(third, world.broker)
    world.hubs.agree_again(2)
    record_id = new_id()
    for sender in (world.other, third):
        raw = craft(sender, "kz-knb", told={"id": record_id, "narrative": f"from {sender.agency}"})
        assert receive(world.broker, sender.agency, stated(sender, raw, to="kz-knb"))[0].code is None
    world.later()
    token, where = world.officer("aigul", Role.READER), f"/api/v1/records/{record_id}"
    for said in (
        world.call("GET", where, token=token),
        world.call("GET", f"{where}/history", token=token),
        world.call("POST", f"{where}/read", {"justification": "case 26-114"}, token=token),
    ):
        assert (said.status, said.code) == (409, "conflict")
    got = world.call("GET", f"{where}?originator=sco-rats", token=token).ok()
    assert got["originator"] == "sco-rats"
    life = world.call("GET", f"{where}/history?originator=sco-rats", token=token).ok()
    assert [version["originator"] for version in life["versions"]] == ["sco-rats"]
    asked = {"justification": "case 26-114", "originator": "cis-atc"}
    read = world.call("POST", f"{where}/read", asked, token=token).ok()
    assert read["record"]["narrative"] == "from cis-atc"


def test_a_request_whose_id_two_originators_sent_is_answered_by_naming_one(
    world: World, drafter: str
) -> None:
    third = world.hubs.add("sco-rats")
    world.hubs.pair(world.broker, third)
    world.hubs.pair(third, world.broker)
    world.hubs.agree_again(2)
    record_id = new_id()
    for sender in (world.other, third):
        raw = craft(sender, "kz-knb", told={"id": record_id, **document("assistance-request")})
        assert receive(world.broker, sender.agency, stated(sender, raw, to="kz-knb"))[0].code is None
    world.later()
    where, body = f"/api/v1/records/{record_id}/answers", {"record": document("assistance-answer")}
    unclear = world.call("POST", where, body, token=drafter)
    assert (unclear.status, unclear.code) == (409, "conflict")
    answer = world.call("POST", where, {**body, "originator": "sco-rats"}, token=drafter).ok(201)
    assert answer["recipients"] == ["sco-rats"]


def test_what_was_withdrawn_is_not_answered(world: World, drafter: str) -> None:
    asked = received(world, **document("assistance-request"))
    recall = withdraw(world.other, replace(AIGUL, agency="cis-atc"), asked, reason="mistaken identity")
    release_it(world.other, recall)
    run_lanes(world.other)
    body = {"record": document("assistance-answer")}
    said = world.call("POST", f"/api/v1/records/{asked}/answers", body, token=drafter)
    assert (said.status, said.code) == (409, "transition-invalid")
