"""TAXII 2.1 as a partner meets it: what was laid out for it, what it posts, and what it does not get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.carriers.taxii_server import TaxiiServerCarrier, label_of, make
from adapters.contract import Parcel, Verdict
from hub.audit.events import Act
from hub.errors import HubError, Refused
from hub.exchange.taxii.counter import TaxiiCounter
from tests.adapters.carriers.taxii.ends import bundle, person, report
from tests.adapters.materials import Given
from tests.amounts import SHARED
from tests.api.test_denials import told
from tests.api.world import Said, World, partner_certificate

MEDIA_TYPE = "application/taxii+json;version=2.1"
ROOT = "/taxii2/hub/"
RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
LATER, LATEST = "2026-11-02T00:00:00.000Z", "2026-11-03T00:00:00.000Z"


def carrier(world: World, agency: str = "cis-atc") -> TaxiiServerCarrier:
    made = TaxiiServerCarrier(TaxiiCounter(broker=world.broker, agency=agency))
    made.pull(limit=1)  # as the hub does from its start
    return made


def ask(world: World, path: str, method: str = "GET", agency: str = "cis-atc", **more: Any) -> Said:
    headers = {"Accept": MEDIA_TYPE} | dict(more.pop("headers", {}))
    return world.call(method, path, certificate=partner_certificate(agency), headers=headers, **more)


def post(world: World, *objects: Mapping[str, Any], content_type: str = MEDIA_TYPE, **more: Any) -> Said:
    body = json.dumps({"objects": list(objects)})
    return ask(world, f"{writable(world)}objects/", "POST", data=body, content_type=content_type, **more)


def collections(world: World) -> list[dict[str, Any]]:
    found = ask(world, f"{ROOT}collections/").ok().get("collections", [])
    assert isinstance(found, list)
    return found


def writable(world: World) -> str:
    (found,) = [one["id"] for one in collections(world) if one["can_write"]]
    return f"{ROOT}collections/{found}/"


def readable(world: World, title: str = "For cis-atc, unmarked") -> str:
    (found,) = [one["id"] for one in collections(world) if one["can_read"] and one["title"] == title]
    return f"{ROOT}collections/{found}/"


def walk(world: World, address: str, limit: int, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = ask(world, f"{address}?limit={limit}{query}{after}").ok()
        found += page.get("objects", [])
        if not page.get("more"):
            return found
        after = f"&next={page['next']}"


def error(said: Said) -> str:
    """Return the code of an error resource, after checking that it is one."""
    assert said.response.content_type == MEDIA_TYPE
    assert said.body["title"]
    assert said.body["description"]
    assert said.body["http_status"] == str(said.status)
    return str(said.body["error_code"])


def test_a_partner_finds_its_way_and_its_collections(world: World) -> None:
    at = carrier(world)
    at.push(bundle(1, person("a"), report(1, person("a"))))
    at.push(bundle(2, report(2, object_marking_refs=[RED])))
    root = ask(world, "/taxii2/").ok()["default"]
    told = ask(world, root).ok()
    assert told["versions"] == [MEDIA_TYPE]
    assert told["max_content_length"] == world.broker.limits.taxii_post_max_bytes
    assert [(one["title"], one["can_read"], one["can_write"]) for one in collections(world)] == [
        ("For cis-atc, red", True, False),
        ("For cis-atc, unmarked", True, False),
        ("What you post", False, True),
    ]
    assert ask(world, readable(world)).ok()["title"] == "For cis-atc, unmarked"


def test_what_was_laid_out_is_read_page_by_page_and_who_got_it_is_logged(world: World) -> None:
    at = carrier(world)
    objects = [person("a", latitude=51.128), person("b"), report(1, person("a"), person("b"))]
    at.push(bundle(1, *objects))
    at.push(bundle(1, *objects))
    address = f"{readable(world)}objects/"
    first = ask(world, f"{address}?limit=2")
    assert first.ok()["objects"] == objects[:2]
    assert first.headers["X-TAXII-Date-Added-First"] < first.headers["X-TAXII-Date-Added-Last"]
    assert at.receipts(limit=5) == []
    assert walk(world, address, 2) == objects
    (receipt,) = at.receipts(limit=5)
    assert receipt.verdict.taken
    stated = json.loads(receipt.raw)
    assert (stated["parcel"], stated["fetched_by"]) == ("parcel-1", "cis-atc")
    assert stated["certificate_sha256"]
    at.settle("parcel-1")
    at.settle("parcel-1")
    assert at.receipts(limit=5) == []
    collected = told_events(world, Act.COLLECTED)
    assert collected[0]["recipients"] == "cis-atc"
    assert collected[0]["numbers"] == "[1,2]"


def told_events(world: World, act: Act) -> list[Mapping[str, str]]:
    with world.broker.store.read() as view:
        return [event.details for _, event in view.events(after=0, limit=1000) if event.act is act]


def test_objects_are_filtered_and_their_versions_listed(world: World) -> None:
    at = carrier(world)
    old, new, newest = person("a"), person("a", at=LATER), person("a", at=LATEST)
    at.push(bundle(1, old, report(1, old)))
    at.push(bundle(2, new))
    at.push(bundle(3, newest))
    address = f"{readable(world)}objects/"

    def ids(query: str) -> list[str]:
        found = ask(world, f"{address}?{query}").ok().get("objects", [])
        return [one["modified"] for one in found if one["type"] == "identity"]

    assert ids("") == [LATEST]
    assert ids("match[version]=all") == [old["modified"], LATER, LATEST]
    assert ids("match[version]=first") == [old["modified"]]
    assert ids(f"match[version]=first,{LATER}") == [old["modified"], LATER]
    assert ids("match[type]=report") == []
    assert ids(f"match[id]={old['id']}") == [LATEST]
    assert ids("match[spec_version]=2.0") == []
    assert ids("match[spec_version]=2.0,2.1") == [LATEST]
    manifest = ask(world, f"{readable(world)}manifest/?match[version]=all").ok()["objects"]
    dates = [one["date_added"] for one in manifest]
    assert dates == sorted(set(dates))
    assert ids(f"match[version]=all&added_after={dates[1]}") == [LATER, LATEST]
    assert ask(world, f"{address}{old['id']}/").ok()["objects"] == [newest]
    versions = ask(world, f"{address}{old['id']}/versions/").ok()["versions"]
    assert [one[:10] for one in versions] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert error(ask(world, f"{address}identity--00000000-0000-4000-8000-000000000000/")) == "not-found"


def test_what_a_partner_posts_is_pending_until_it_was_answered(world: World) -> None:
    at = carrier(world)
    one, two = person("a", latitude=51.128), report(1, person("a"))
    said = post(world, one, two)
    status = said.ok(202)
    assert (status["status"], status["pending_count"], len(status["pendings"])) == ("pending", 2, 2)
    (parcel,) = at.pull(limit=5)
    assert json.loads(parcel.content)["objects"] == [one, two]
    assert [again.content for again in at.pull(limit=5)] == [parcel.content]
    at.acknowledge(parcel.parcel_id, Verdict(taken=True))
    at.acknowledge(parcel.parcel_id, Verdict(taken=False, code="expired", sentence="no"))
    assert at.pull(limit=5) == []
    told = ask(world, f"{ROOT}status/{status['id']}/").ok()
    assert (told["status"], told["success_count"], told["failure_count"]) == ("complete", 2, 0)
    assert [each["id"] for each in told["successes"]] == [one["id"], two["id"]]


def test_a_refused_post_says_why(world: World) -> None:
    at = carrier(world)
    status = post(world, person("a")).ok(202)
    at.acknowledge(status["id"], Verdict(taken=False, code="record-invalid", sentence="It has no report."))
    told = ask(world, f"{ROOT}status/{status['id']}/").ok()
    assert (told["status"], told["failure_count"]) == ("complete", 1)
    assert told["failures"][0]["message"] == "record-invalid: It has no report."


def test_the_same_version_with_other_content_is_refused_and_nothing_of_it_is_kept(world: World) -> None:
    at = carrier(world)
    post(world, person("a")).ok(202)
    changed = {**person("a"), "name": "changed"}
    assert error(post(world, person("b"), changed)) == "partner-document-ambiguous"
    assert error(post(world, person("c"), {**person("c"), "name": "x"})) == "partner-document-ambiguous"
    assert len(at.pull(limit=5)) == 1
    assert post(world, person("a"), person("b")).ok(202)["total_count"] == 2
    at.push(bundle(1, person("a")))
    with pytest.raises(HubError) as refused:
        at.push(bundle(2, changed))
    assert refused.value.code == "partner-document-ambiguous"


def test_another_bundle_under_the_id_of_a_parcel_is_refused(world: World) -> None:
    at = carrier(world)
    at.push(bundle(1, person("a")))
    with pytest.raises(HubError) as refused:
        at.push(Parcel(parcel_id="parcel-1", content=bundle(2, person("b")).content))
    assert refused.value.code == "envelope-id-reused"


def test_another_partners_collection_and_status_are_not_there(world: World) -> None:
    carrier(world)
    theirs = carrier(world, "kz-mvd")
    theirs.push(bundle(1, person("a")))
    with world.broker.store.read() as view:
        hidden = [row.collection_id for row in view.taxii.of("kz-mvd")]
    for one in hidden:
        for path in ("", "manifest/", "objects/", f"objects/{person('a')['id']}/"):
            assert error(ask(world, f"{ROOT}collections/{one}/{path}")) == "not-found"
    status = post(world, person("z")).ok(202)["id"]
    assert world.call("GET", f"{ROOT}status/{status}/", headers={"Accept": MEDIA_TYPE}).status == 401
    assert error(ask(world, f"{ROOT}status/nothing/")) == "not-found"


ACCEPTS = [
    (MEDIA_TYPE, 200),
    ("application/taxii+json", 200),
    ("text/html, application/taxii+json; version=2.1;q=0.5", 200),
    ("*/*", 200),
    ("application/taxii+json;version=2.0", 406),
    ("application/vnd.oasis.taxii+json", 406),
    ("application/json", 406),
    ("", 406),
]


def test_what_is_accepted_is_compared_with_what_is_spoken(world: World) -> None:
    for accept, status in ACCEPTS:
        said = ask(world, "/taxii2/", headers={"Accept": accept})
        assert (accept, said.status) == (accept, status)
        assert said.response.content_type == MEDIA_TYPE
        assert status == 200 or error(said) == "not-acceptable"


def test_what_is_posted_must_be_taxii_and_within_bounds(world: World) -> None:
    carrier(world)
    assert error(post(world, person("a"), content_type="application/json")) == "media-type-unsupported"
    wrong = "application/taxii+json;version=2.0"
    assert error(post(world, person("a"), content_type=wrong)) == "media-type-unsupported"
    assert error(post(world.limited(taxii_post_max_bytes=50), person("a"))) == "request-too-large"
    few = world.limited(taxii_post_objects_max=1)
    assert error(post(few, person("a"), person("b"))) == "partner-document-malformed"


ENVELOPES = [
    (b"", "partner-document-malformed"),
    (b"\xff", "partner-document-malformed"),
    (b"{}", "partner-document-malformed"),
    (b'{"objects": []}', "partner-document-malformed"),
    (b'{"objects": [7]}', "partner-document-malformed"),
    (b'{"objects": [{"type": "x", "id": "y"}]}', "partner-document-malformed"),
    (b'{"objects": [], "objects": []}', "partner-document-hostile"),
    (b'{"objects": [{"n": 1e999999999}]}', "partner-document-hostile"),
    (b'{"objects": [{"n": NaN}]}', "partner-document-hostile"),
    (b'{"objects": [{"n": "\\ud800"}]}', "partner-document-hostile"),
    (b'{"objects":' + b"[" * 200 + b"]" * 200 + b"}", "partner-document-hostile"),
    (b"[" * 100_000, "partner-document-hostile"),
    (
        json.dumps({"objects": [{**person("a"), "spec_version": "2.0"}]}).encode(),
        "partner-document-malformed",
    ),
    (
        json.dumps({"objects": [{**person("a"), "modified": "now"}]}).encode(),
        "partner-document-malformed",
    ),
]


def test_a_hostile_envelope_is_refused_whole(world: World) -> None:
    at = carrier(world)
    address = f"{writable(world)}objects/"
    for body, code in ENVELOPES:
        said = ask(world, address, "POST", data=body, content_type=MEDIA_TYPE)
        assert (body[:60], error(said)) == (body[:60], code)
    assert at.pull(limit=5) == []


QUERIES = [
    "limit=0",
    "limit=-1",
    "limit=x",
    "limit=1&limit=2",
    "next=zzz",
    "added_after=yesterday",
    "match[version]=newest",
    "match[id]=",
    "match[colour]=red",
    f"match[id]={','.join(['a'] * 201)}",
]


def test_a_query_that_is_not_understood_is_refused(world: World) -> None:
    carrier(world).push(bundle(1, person("a")))
    address = f"{readable(world)}objects/"
    for query in QUERIES:
        assert (query, error(ask(world, f"{address}?{query}"))) == (query, "request-malformed")


def test_a_collection_goes_one_way_and_nothing_is_deleted(world: World) -> None:
    carrier(world).push(bundle(1, person("a")))
    body = json.dumps({"objects": [person("b")]})
    said = ask(world, f"{readable(world)}objects/", "POST", data=body, content_type=MEDIA_TYPE)
    assert (said.status, error(said)) == (403, "policy-denied")
    assert error(ask(world, f"{writable(world)}objects/")) == "policy-denied"
    assert error(ask(world, f"{writable(world)}manifest/")) == "policy-denied"
    gone = ask(world, f"{readable(world)}objects/{person('a')['id']}/", "DELETE")
    assert (gone.status, error(gone)) == (403, "policy-denied")
    assert told(world, Act.REFUSED)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/taxii2/"), ("POST", ROOT), ("GET", f"{ROOT}objects/")]
)
def test_what_is_not_of_taxii_is_told_so(world: World, method: str, path: str) -> None:
    assert ask(world, path, method).status in (404, 405)


def test_who_shows_no_certificate_or_an_unknown_one_gets_nothing(world: World) -> None:
    missing = world.call("GET", "/taxii2/", headers={"Accept": MEDIA_TYPE})
    assert (missing.status, error(missing)) == (401, "certificate-missing")
    assert missing.headers["WWW-Authenticate"]
    unknown = ask(world, "/taxii2/", agency="sco-rats")
    assert (unknown.status, error(unknown)) == (403, "certificate-unknown")


def test_what_was_erased_since_is_left_out_and_paging_goes_on(world: World) -> None:
    at = carrier(world)
    shared = person("shared")
    at.push(bundle(1, person("a"), shared))
    at.push(bundle(2, shared, person("b")))
    with world.broker.store.work() as work:
        work.bodies.erase("parcel-1")
        work.stage(
            [
                world.broker.event(
                    Act.ERASED, world.broker.itself, "x", world.broker.clock.now(), justification="y"
                )
            ]
        )
        work.commit()
    assert walk(world, f"{readable(world)}objects/", 1) == [shared, person("b")]


def test_a_parcel_of_which_others_brought_all_along_is_fetched_with_them(world: World) -> None:
    at = carrier(world)
    at.push(bundle(1, person("a"), person("b")))
    walk(world, f"{readable(world)}objects/", 5)
    at.push(bundle(2, person("a")))
    assert [one.parcel_id for one in at.receipts(limit=5)] == ["parcel-1", "parcel-2"]


def test_a_label_is_the_strictest_colour_in_a_bundle() -> None:
    assert label_of(bundle(1, person("a")).content) == "unmarked"
    assert label_of(bundle(1, person("a"), report(1, object_marking_refs=[RED])).content) == "red"


def test_a_profile_takes_no_options_and_needs_a_hub_that_serves(world: World, tmp_path: Any) -> None:
    given = Given(us="kz-knb", them="de-bka", state=tmp_path)
    for options in ({}, {"path": "x"}):
        with pytest.raises(Refused) as refused:
            make(options, given)
        assert refused.value.code == "adapter-invalid"


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=SHARED, deadline=None)
@given(steps=st.lists(st.one_of(st.integers(1, 3), st.none()), max_size=12), limit=st.integers(1, 3))
def test_a_reader_neither_loses_nor_repeats_while_objects_are_added(
    world: World, steps: list[int | None], limit: int
) -> None:
    """A number lays out so many objects, None reads a page: by `next`, behind the last one by its date."""
    at, word = carrier(world), str(uuid4())
    at.push(bundle(word, person(word)))
    address = f"{readable(world)}objects/"
    manifest = walk(world, address.replace("objects/", "manifest/"), 500)
    place = [f"&added_after={manifest[-1]['date_added']}"]
    laid: list[str] = []
    read: list[str] = []

    def page() -> bool:
        said = ask(world, f"{address}?limit={limit}{place[-1]}")
        read.extend(one["id"] for one in said.ok().get("objects", []))
        if said.body.get("more"):
            place.append(f"&next={said.body['next']}")
        elif "X-TAXII-Date-Added-Last" in said.headers:
            place.append(f"&added_after={said.headers['X-TAXII-Date-Added-Last']}")
        return bool(said.body.get("more"))

    for number, step in enumerate(steps):
        if step is None:
            page()
            continue
        objects = [person(f"{word}-{number}-{one}") for one in range(step)]
        at.push(bundle(f"{word}-{number}", *objects))
        laid += [one["id"] for one in objects]
    while page():
        pass
    assert read == laid


def test_pages_by_cursor_go_on_behind_what_was_read_whatever_was_added(world: World) -> None:
    at = carrier(world)
    at.push(bundle(1, *[person(one) for one in range(4)]))
    address = f"{readable(world)}objects/"
    first = ask(world, f"{address}?limit=3").ok()
    at.push(bundle(2, *[person(one) for one in range(4, 6)]))
    second = ask(world, f"{address}?limit=3&next={first['next']}").ok()
    assert [one["name"] for one in first["objects"] + second["objects"]] == [f"N{one}" for one in range(6)]
    assert "more" not in second
