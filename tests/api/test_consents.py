"""The third-party rule, through the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.exchange.consenting import Answered, answer_consent, ask_consent
from hub.exchange.correcting import withdraw
from hub.exchange.passing.passing_on import pass_on
from tests.api.test_records import received, sent
from tests.api.world import World
from tests.exchange.hubs import AIGUL, LooseKeyring, release_it, run_lanes
from tests.exchange.passages import ORCON

FURTHER = "de-bka"


def with_third(world: World) -> None:
    """Let a third hub be a partner of ours, under an agreement of all."""
    # Hubs of a stage number their keys from one: this one's are no other's.
    third = replace(world.hubs.add(FURTHER), keyring=LooseKeyring(FURTHER, 99))
    world.hubs.network.brokers[FURTHER] = third
    for broker in (world.broker, world.other):
        world.hubs.pair(broker, third)
        world.hubs.pair(third, broker)
    world.hubs.agree_again(2, extra=("kz-mvd",))


def until(world: World) -> str:
    return (world.hubs.clock.now().date() + timedelta(days=30)).isoformat()


def post(world: World, token: str, record_id: str, what: str, **body: Any) -> Any:
    return world.call("POST", f"/api/v1/records/{record_id}/{what}", body, token=token)


def release_and_carry(world: World, record_id: str) -> None:
    release_it(world.broker, world.row(record_id))
    run_lanes(world.broker)


def test_a_record_is_passed_on_with_its_originators_consent(world: World, drafter: str) -> None:
    with_third(world)
    record_id = received(world, label=ORCON)
    asked = post(
        world,
        drafter,
        record_id,
        "consent-requests",
        pass_to=[FURTHER],
        aim="They look for him.",
        reply_by=until(world),
    ).ok(201)
    assert (asked["kind"], asked["state"]) == ("consent-request", "draft")
    refused = post(world, drafter, record_id, "passages", to=[FURTHER])
    assert (refused.status, refused.code) == (403, "consent-missing")
    release_and_carry(world, asked["record_id"])

    said = Answered(until=world.hubs.clock.now().date() + timedelta(days=30))
    release_it(world.other, answer_consent(world.other, AIGUL, asked["record_id"], said))
    run_lanes(world.other)
    (consent,) = world.call("GET", "/api/v1/consents", token=drafter).ok()["items"]
    assert (consent["record_id"], consent["pass_to"], consent["until"]) == (record_id, FURTHER, until(world))

    passage = post(world, drafter, record_id, "passages", to=[FURTHER]).ok(201)
    assert (passage["kind"], passage["recipients"]) == ("passage", ["cis-atc", FURTHER])
    release_and_carry(world, passage["record_id"])
    with world.hubs.network.broker(FURTHER).store.read() as view:
        came = view.records.get(record_id, originator="cis-atc")
    assert came is not None
    assert came.via == "kz-knb"

    assert world.call("GET", "/api/v1/unheeded", token=drafter).ok()["items"] == []

    # The other way round: what is ours, and somebody asks.
    answer_one_who_asks(world, drafter)
    world.hubs.close()


def answer_one_who_asks(world: World, drafter: str) -> None:

    ours = sent(world)
    run_lanes(world.broker)
    asked = ask_consent(world.other, AIGUL, ours, pass_to=[FURTHER], aim="They look for him.")
    release_it(world.other, asked)
    run_lanes(world.other)
    refused = post(world, drafter, asked.record_id, "consent")
    assert (refused.status, refused.code) == (422, "request-invalid")
    both = post(world, drafter, asked.record_id, "consent", grant_until=until(world), refuse="No, it is not.")
    assert (both.status, both.code) == (422, "request-invalid")
    late = post(world, drafter, asked.record_id, "consent", grant_until="2200-01-01")
    assert (late.status, late.code) == (422, "request-invalid")
    granted = post(
        world, drafter, asked.record_id, "consent", grant_until=until(world), conditions="No copies."
    ).ok(201)
    assert (granted["kind"], granted["recipients"]) == ("consent", ["cis-atc"])
    release_and_carry(world, granted["record_id"])
    assert [one.pass_to for one in world.other.standing().consents] == [FURTHER]
    told_who_has_it(world, drafter, ours)


def told_who_has_it(world: World, drafter: str, ours: str) -> None:
    passage = pass_on(world.other, AIGUL, ours, to=[FURTHER])
    release_it(world.other, passage)
    for _ in range(2):
        run_lanes(world.other)
    (one,) = world.call("GET", f"/api/v1/records/{ours}/passages", token=drafter).ok()["items"]
    assert (one["who"], one["passer"], one["current"]) == (FURTHER, "cis-atc", True)
    assert (one["proof"], one["version"]) == ("signed", 1)
    withdraw(world.broker, AIGUL, ours, reason="a mistake")
    release_and_carry(world, ours)
    late = world.call("GET", "/api/v1/unheeded", token=drafter).ok()["items"]
    assert [(one["who"], one["via"], one["stands"]) for one in late] == [
        (FURTHER, "cis-atc", "not-passed-on")
    ]


def test_only_drafters_ask_answer_and_pass_on(world: World, releaser: str) -> None:
    record_id = received(world, label=ORCON)
    for what, body in (
        ("consent-requests", {"pass_to": ["kz-mvd"], "aim": "Check their files."}),
        ("consent", {"refuse": "The source would be known."}),
        ("passages", {"to": ["kz-mvd"]}),
    ):
        said = post(world, releaser, record_id, what, **body)
        assert (said.status, said.code) == (403, "role-missing")


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("consent-requests", {"pass_to": [], "aim": "Check their files."}),
        ("consent-requests", {"pass_to": ["kz-mvd"]}),
        ("consent-requests", {"pass_to": ["kz-mvd"], "aim": "Check them.", "reply_by": "9999-12-31"}),
        ("passages", {"to": []}),
    ],
)
def test_what_is_not_asked_for_rightly_is_refused(
    world: World, drafter: str, what: str, body: dict[str, Any]
) -> None:
    said = post(world, drafter, received(world, label=ORCON), what, **body)
    assert (said.status, said.code) == (422, "request-invalid")
