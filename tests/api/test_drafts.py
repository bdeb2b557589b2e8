"""An officer drafts, another one releases; both by what they have seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from hub.audit.events import Act
from hub.envelope.encoding import unb64u
from hub.envelope.keys import jwk
from hub.exchange.agreements import adopt
from hub.policy.approvals import ReleasePolicy
from hub.records.actor import Role
from tests.api.world import World, document, label
from tests.exchange.hubs import CUSTODIAN, agreement_text

UNKNOWN = "019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"


def drafted(world: World, token: str, **changes: Any) -> Any:
    body = {"record": document(), "recipients": ["cis-atc"]} | changes
    return world.call("POST", "/api/v1/drafts", body, token=token).ok(201)


def approval(draft: Any) -> dict[str, Any]:
    return {"digest": draft["digest"], "recipients": draft["recipients"]}


def test_a_draft_is_released_by_a_second_officer(world: World, drafter: str, releaser: str) -> None:
    draft = drafted(world, drafter, priority="urgent")
    assert (draft["state"], draft["author"], draft["priority"]) == ("draft", "officer:aigul", "urgent")
    release = world.call(
        "POST", f"/api/v1/drafts/{draft['record_id']}/approve", approval(draft), token=releaser
    ).ok()
    assert release["approver"] == "officer:bolat"
    assert len(release["envelope_ids"]) == 1
    with world.broker.store.read() as view:
        assert [e.recipient for e in view.outbox.of_record(draft["record_id"])] == ["cis-atc"]


def test_a_drafter_never_releases_their_own(world: World) -> None:
    both = world.officer("erlan", Role.DRAFTER, Role.RELEASER)
    draft = drafted(world, both)
    said = world.call("POST", f"/api/v1/drafts/{draft['record_id']}/approve", approval(draft), token=both)
    assert (said.status, said.code) == (403, "four-eyes")
    assert world.events(Act.REFUSED) == [{"code": "four-eyes", "operation": "approve"}]


def test_a_releaser_does_not_draft(world: World, releaser: str) -> None:
    said = world.call(
        "POST", "/api/v1/drafts", {"record": document(), "recipients": ["cis-atc"]}, token=releaser
    )
    assert (said.status, said.code) == (403, "role-missing")


def test_groups_are_expanded_and_shown_before_release(world: World, drafter: str) -> None:
    world.member("kz-mvd")
    draft = drafted(world, drafter, recipients=["@partners", "@members"])
    assert draft["recipients"] == ["cis-atc", "kz-mvd"]
    shown = world.call("GET", f"/api/v1/drafts/{draft['record_id']}/preview", token=drafter).ok()
    assert [(v["recipient"], v["permitted"]) for v in shown["items"]] == [
        ("cis-atc", True),
        ("kz-mvd", True),
    ]


def test_a_preview_says_why_not(world: World, drafter: str) -> None:
    draft = drafted(world, drafter, record=document(label=label("top-secret", "red")))
    shown = world.call("GET", f"/api/v1/drafts/{draft['record_id']}/preview", token=drafter).ok()
    assert shown["items"][0]["permitted"] is False
    assert shown["items"][0]["reasons"][0]["sentence"]


def test_every_rule_is_explained(world: World, drafter: str) -> None:
    draft = drafted(world, drafter, record=document(label=label("top-secret", "red")))
    path = f"/api/v1/records/{draft['record_id']}/explanation"
    told = world.call("GET", f"{path}?to={draft['recipients'][0]}", token=drafter).ok()
    assert (told["permitted"], told["by_rule"], told["withdrawal"]) == (False, False, False)
    failed = {rule["code"]: rule for rule in told["rules"] if rule["verdict"] == "failed"}
    assert {"classification-not-agreed", "not-releasable"} <= failed.keys()
    assert all(rule["remedy"] and rule["source"] and rule["told"] for rule in failed.values())
    released = world.call("GET", f"{path}?to={draft['recipients'][0]}&as_released=true", token=drafter)
    assert released.code == "transition-invalid"
    assert world.call("GET", f"{path}?to=xx-nobody", token=drafter).code == "partner-unknown"


def test_a_check_that_is_asked_is_answered_at_the_release(world: World, drafter: str, releaser: str) -> None:
    text = agreement_text(sorted(world.broker.standing().agreements[0].parties)).replace(
        "version = 1", "version = 9", 1
    )
    adopt(world.broker, CUSTODIAN, text.replace("by_rule", 'checks = ["neutrality"]\nby_rule'))
    draft = drafted(world, drafter)
    path = f"/api/v1/drafts/{draft['record_id']}"
    (asked,) = world.call("GET", f"{path}/preview", token=drafter).ok()["checks"]
    assert (asked["check"], asked["source"]) == ("neutrality", "Constitution of the ICPO-INTERPOL, art. 3")
    decision = {"digest": draft["digest"], "recipients": draft["recipients"]}
    answer = {"check": "neutrality", "met": False, "why": "It is about an election"}
    assert world.call("POST", f"{path}/approve", decision, token=releaser).code == "check-unanswered"
    no = world.call("POST", f"{path}/approve", {**decision, "answers": [answer]}, token=releaser)
    assert no.code == "check-failed"
    yes = {**decision, "answers": [{**answer, "met": True}]}
    world.call("POST", f"{path}/approve", yes, token=releaser).ok()


def test_what_no_agreement_allows_is_not_released(world: World, drafter: str, releaser: str) -> None:
    draft = drafted(world, drafter, record=document(label=label("top-secret", "red")))
    said = world.call("POST", f"/api/v1/drafts/{draft['record_id']}/approve", approval(draft), token=releaser)
    assert (said.status, said.code) == (403, "policy-denied")
    assert said.body["reasons"][0]["counterparty"] == "cis-atc"


def test_release_is_bound_to_what_was_read(world: World, drafter: str, releaser: str) -> None:
    draft = drafted(world, drafter)
    path = f"/api/v1/drafts/{draft['record_id']}/approve"
    other = world.call("POST", path, approval(draft) | {"digest": "0" * 64}, token=releaser)
    assert (other.status, other.code) == (409, "conflict")
    more = world.call("POST", path, approval(draft) | {"recipients": ["cis-atc", "sco-rats"]}, token=releaser)
    assert (more.status, more.code) == (409, "conflict")


def test_a_draft_is_edited_by_its_etag(world: World, drafter: str) -> None:
    body = {"record": document(), "recipients": ["cis-atc"]}
    made = world.call("POST", "/api/v1/drafts", body, token=drafter)
    draft, tag = made.ok(201), made.headers["ETag"]
    path = f"/api/v1/drafts/{draft['record_id']}"
    change = {"record": document(narrative="A better narrative.")}
    edited = world.call("PUT", path, change, token=drafter, headers={"If-Match": tag})
    assert edited.ok()["digest"] != draft["digest"]
    assert edited.headers["ETag"] == '"2"'
    late = world.call("PUT", path, change, token=drafter, headers={"If-Match": tag})
    assert (late.status, late.code) == (412, "precondition-failed")
    blind = world.call("PUT", path, change, token=drafter)
    assert (blind.status, blind.code) == (428, "precondition-missing")
    star = world.call("PUT", path, change, token=drafter, headers={"If-Match": "*"})
    assert (star.status, star.code) == (412, "precondition-failed")


def test_a_draft_is_discarded_and_its_content_erased(world: World, drafter: str) -> None:
    draft = drafted(world, drafter)
    path = f"/api/v1/drafts/{draft['record_id']}"
    body_id = world.row(draft["record_id"]).body_id
    assert world.call("DELETE", path, token=drafter).code == "precondition-missing"
    world.call("DELETE", path, token=drafter, headers={"If-Match": '"1"'}).ok(204)
    with world.broker.store.read() as view:
        assert not view.bodies.get_many([body_id])
    again = world.call("DELETE", path, token=drafter, headers={"If-Match": '"2"'})
    assert again.code in {"transition-invalid", "precondition-failed"}


def test_a_rejected_draft_goes_back_to_its_author(world: World, drafter: str, releaser: str) -> None:
    draft = drafted(world, drafter)
    path = f"/api/v1/drafts/{draft['record_id']}/reject"
    world.call("POST", path, {"reason": "The date of birth is missing."}, token=releaser).ok(204)
    assert world.row(draft["record_id"]).state.value == "rejected"
    again = world.call("POST", path, {"reason": "Once more."}, token=releaser)
    assert (again.status, again.code) == (409, "transition-invalid")


def test_an_invalid_record_is_told_where_and_stored_nowhere(world: World, drafter: str) -> None:
    wrong = dict(document()) | {"purpose": "curiosity"}
    said = world.call("POST", "/api/v1/drafts", {"record": wrong, "recipients": ["cis-atc"]}, token=drafter)
    assert (said.status, said.code) == (422, "record-invalid")
    assert said.body["problems"][0]["path"] == "purpose"
    with world.broker.store.read() as view:
        assert view.records.page(after=0, limit=10) == []


def test_an_unknown_kind_is_refused(world: World, drafter: str) -> None:
    wrong = dict(document()) | {"kind": "gossip"}
    said = world.call("POST", "/api/v1/drafts", {"record": wrong, "recipients": ["cis-atc"]}, token=drafter)
    assert (said.status, said.code) == (422, "kind-unknown")


def test_an_unknown_recipient_is_refused(world: World, drafter: str) -> None:
    said = world.call(
        "POST", "/api/v1/drafts", {"record": document(), "recipients": ["xx-nobody"]}, token=drafter
    )
    assert (said.status, said.code) == (404, "partner-unknown")


def test_an_unknown_draft_is_not_found(world: World, drafter: str, releaser: str) -> None:
    said = world.call("GET", f"/api/v1/drafts/{UNKNOWN}/preview", token=drafter)
    assert (said.status, said.code) == (404, "not-found")
    body = {"digest": "0" * 64, "recipients": ["cis-atc"]}
    assert world.call("POST", f"/api/v1/drafts/{UNKNOWN}/approve", body, token=releaser).code == "not-found"


def test_a_record_above_the_limit_is_refused(world: World) -> None:
    small = world.limited(record_max_bytes=2000)
    token = small.officer("aigul", Role.DRAFTER)
    body = {"record": document(narrative="x" * 3000), "recipients": ["cis-atc"]}
    said = small.call("POST", "/api/v1/drafts", body, token=token)
    assert (said.status, said.code) == (413, "record-too-large")


def _enrolled(world: World, releaser: str, key: ec.EllipticCurvePrivateKey) -> str:
    told = world.call("PUT", "/api/v1/officer/key", jwk(key.public_key()), token=releaser).ok()
    assert (told["officer"], told["custody"]) == ("bolat", "officer")
    return str(told["kid"])


def test_an_officer_signs_a_release_with_a_key_of_their_own(
    world: World, drafter: str, releaser: str
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    kid, draft = _enrolled(world, releaser, key), drafted(world, drafter)
    path, decision = f"/api/v1/drafts/{draft['record_id']}", approval(draft)
    assert world.call("POST", f"{path}/approve", decision, token=releaser).code == "approval-unsigned"
    asked = world.call("POST", f"{path}/statement", decision, token=releaser).ok()
    assert asked["kid"] == kid
    head = {"alg": "ES256", "kid": kid, "typ": asked["typ"]}
    payload = unb64u(asked["statement"])
    first, _, last = jws.serialize_compact(head, payload, ECKey.import_key(key)).split(".")
    signed = {"statement": asked["statement"], "secret": asked["secret"], "signature": f"{first}..{last}"}
    for wrong in ({"signature": "a..b"}, {"secret": "AA"}, {"statement": "?"}):
        said = world.call("POST", f"{path}/approve", {**decision, "signed": signed | wrong}, token=releaser)
        assert said.code == "approval-invalid"
    both = {**decision, "signed": signed, "password": "a long enough sentence"}
    assert world.call("POST", f"{path}/approve", both, token=releaser).code == "request-invalid"
    done = world.call("POST", f"{path}/approve", {**decision, "signed": signed}, token=releaser).ok()
    assert (done["released"], done["approved_by"]) == (True, ["officer:bolat"])
    world.call("DELETE", "/api/v1/officer/key", token=releaser).ok()
    assert world.call("DELETE", "/api/v1/officer/key", token=releaser).code == "not-found"


def test_what_takes_two_officers_shows_who_has_approved(world: World, drafter: str, releaser: str) -> None:
    world.broker = replace(world.broker, releases=ReleasePolicy(secret_officers=2))
    draft = drafted(world, drafter, record=document(label=label("secret")))
    path = f"/api/v1/drafts/{draft['record_id']}"
    first = world.call("POST", f"{path}/approve", approval(draft), token=releaser).ok()
    assert (first["released"], first["approved_by"], first["approvals_needed"]) == (
        False,
        ["officer:bolat"],
        2,
    )
    shown = world.call("GET", f"{path}/preview", token=drafter).ok()
    assert (shown["approved_by"], shown["approvals_needed"]) == (["officer:bolat"], 2)
    second = world.officer("erlan", Role.RELEASER)
    done = world.call("POST", f"{path}/approve", approval(draft), token=second).ok()
    assert (done["released"], len(done["envelope_ids"])) == (True, 1)


def test_a_key_that_is_none_is_not_registered(world: World, releaser: str) -> None:
    key = jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    assert world.call("PUT", "/api/v1/officer/key", {**key, "x": "AAAA"}, token=releaser).code == (
        "request-invalid"
    )
