"""Attachments through the API: announced, sent in parts, resumed, read with a reason, fetched by hubs."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from hub.audit.events import Act
from hub.records.actor import Role
from tests.api.world import Said, World, document, partner_certificate
from tests.exchange.hubs import released

UNKNOWN = "019d4420-6b1c-7c3e-a5f4-2f1de6a9b710"
OCTETS = "application/octet-stream"
CONTENT = bytes(range(256)) * 64
CHUNK = 4096


def announced(world: World, token: str, size: int = len(CONTENT)) -> str:
    said = world.call("POST", "/api/v1/attachments", {"size_bytes": size}, token=token)
    return str(said.ok(201)["upload_id"])


def put(world: World, token: str, upload_id: str, offset: object, data: bytes, **more: Any) -> Said:
    return world.call(
        "PUT",
        f"/api/v1/attachments/{upload_id}",
        token=token,
        headers={"Upload-Offset": str(offset)},
        data=data,
        content_type=more.pop("content_type", OCTETS),
        **more,
    )


@pytest.fixture
def small(world: World) -> World:
    """The hub with small chunks and quota."""
    return world.limited(attachment_chunk_bytes=CHUNK, attachment_quota_bytes=100_000)


def test_an_upload_is_resumed_where_it_stopped(small: World, drafter: str) -> None:
    upload_id = announced(small, drafter)
    first = put(small, drafter, upload_id, 0, CONTENT[: CHUNK + 100]).ok()
    assert (first["offset"], first["chunk_bytes"]) == (CHUNK, CHUNK)
    assert small.call("GET", f"/api/v1/attachments/{upload_id}", token=drafter).ok() == first
    wrong = put(small, drafter, upload_id, 0, CONTENT)
    assert (wrong.status, wrong.code, wrong.body["offset"]) == (409, "offset-mismatch", CHUNK)
    assert wrong.headers["Upload-Offset"] == str(CHUNK)
    last = put(small, drafter, upload_id, CHUNK, CONTENT[CHUNK:]).ok()
    assert last["digest"] == hashlib.sha256(CONTENT).hexdigest()


def test_room_is_asked_for_before_the_first_byte(small: World, drafter: str) -> None:
    said = small.call("POST", "/api/v1/attachments", {"size_bytes": 200_000}, token=drafter)
    assert (said.status, said.code) == (413, "quota-exceeded")
    tiny = small.limited(attachment_max_bytes=10)
    said = tiny.call("POST", "/api/v1/attachments", {"size_bytes": 11}, token=drafter)
    assert (said.status, said.code) == (413, "attachment-too-large")


def test_more_than_was_announced_is_refused(small: World, drafter: str) -> None:
    upload_id = announced(small, drafter, 10)
    said = put(small, drafter, upload_id, 0, b"12345678901")
    assert (said.status, said.code) == (400, "attachment-mismatch")


def test_another_agencys_upload_is_not_there(small: World, drafter: str) -> None:
    token, certificate = small.system("kz-mvd")
    upload_id = announced(small, drafter)
    said = put(small, token, upload_id, 0, CONTENT)
    assert said.code == "token-invalid"
    path = f"/api/v1/attachments/{upload_id}"
    said = small.call("GET", path, token=token, certificate=certificate)
    assert (said.status, said.code) == (404, "not-found")


def test_a_part_says_where_it_begins_and_what_it_is(small: World, drafter: str) -> None:
    upload_id = announced(small, drafter)
    for offset in ("", "x", "-1", "01", "99999999999999999"):
        said = put(small, drafter, upload_id, offset, CONTENT)
        assert (said.status, said.code) == (422, "request-invalid")
    said = put(small, drafter, upload_id, 0, CONTENT, content_type="text/plain")
    assert (said.status, said.code) == (415, "media-type-unsupported")


def uploaded(world: World, token: str) -> dict[str, object]:
    """Upload the content; return what a record names it by."""
    digest = put(world, token, announced(world, token), 0, CONTENT).ok()["digest"]
    return {"digest": digest, "name": "scan.pdf", "media_type": "application/pdf", "size_bytes": len(CONTENT)}


def test_a_reader_gets_the_content_for_a_reason(small: World, drafter: str) -> None:
    named = uploaded(small, drafter)
    digest = str(named["digest"])
    body = {"record": document(attachments=[named]), "recipients": ["cis-atc"]}
    record_id = small.call("POST", "/api/v1/drafts", body, token=drafter).ok(201)["record_id"]
    path = f"/api/v1/records/{record_id}/attachments/{digest}/read"
    said = small.call("POST", path, {"justification": "Case 26-114"}, token=drafter)
    assert said.response.data == CONTENT
    assert said.response.content_type == OCTETS
    part = small.call("POST", path, {"justification": "Case 26-114", "offset": 5000}, token=drafter)
    assert part.response.data == CONTENT[5000:]
    assert len(small.events(Act.CONSULTED)) == 2
    beyond = small.call("POST", path, {"justification": "Case 26-114", "offset": 10**6}, token=drafter)
    assert (beyond.status, beyond.code) == (416, "range-invalid")
    other = path.replace(digest, "0" * 64)
    assert small.call("POST", other, {"justification": "Case 26-114"}, token=drafter).code == "not-found"
    said = small.call("POST", path, {}, token=drafter)
    assert (said.status, said.code) == (422, "justification-missing")
    stranger = small.officer("dana", Role.CUSTODIAN)
    said = small.call("POST", path, {"justification": "Case 26-114"}, token=stranger)
    assert (said.status, said.code) == (403, "role-missing")


def test_a_narrow_token_reads_no_attachment_of_a_kind_that_it_does_not_cover(
    small: World, drafter: str
) -> None:
    token, certificate = small.system("kz-mvd")
    named = uploaded(small, drafter)
    record_id = released(small.broker, "kz-mvd", attachments=[named]).record_id
    path = f"/api/v1/records/{record_id}/attachments/{named['digest']}/read"
    body = {"justification": "Case 26-114"}
    narrow = small.ask_token("kz-mvd", certificate, scope="collect:designation").ok()["access_token"]
    said = small.call("POST", path, body, token=narrow, certificate=certificate)
    assert (said.status, said.code) == (403, "scope-missing")
    assert small.call("POST", path, body, token=token, certificate=certificate).response.data == CONTENT


CIPHERTEXT = b"noise" * 1000
DIGEST = hashlib.sha256(CIPHERTEXT).hexdigest()
PATH = f"/exchange/v1/attachments/{DIGEST}"


def send(world: World, offset: int, data: bytes, *, total: int = len(CIPHERTEXT), path: str = PATH) -> Said:
    return world.call(
        "PUT",
        path,
        certificate=partner_certificate("cis-atc"),
        headers={"Upload-Offset": str(offset), "Upload-Length": str(total)},
        data=data,
        content_type=OCTETS,
    )


def test_a_partner_sends_in_parts_and_asks_how_far_it_is(world: World) -> None:
    certificate = partner_certificate("cis-atc")
    assert world.call("HEAD", PATH, certificate=certificate).headers["Upload-Offset"] == "0"
    said = send(world, 0, CIPHERTEXT[:2000])
    assert (said.status, said.headers["Upload-Offset"]) == (204, "2000")
    assert world.call("HEAD", PATH, certificate=certificate).headers["Upload-Offset"] == "2000"
    wrong = send(world, 1000, CIPHERTEXT[1000:])
    assert (wrong.status, wrong.code) == (409, "offset-mismatch")
    assert wrong.headers["Upload-Offset"] == "2000"
    assert send(world, 2000, CIPHERTEXT[2000:]).headers["Upload-Offset"] == str(len(CIPHERTEXT))
    assert world.call("HEAD", PATH, certificate=certificate).headers["Upload-Offset"] == str(len(CIPHERTEXT))


def test_other_bytes_than_the_digest_names_are_refused(world: World) -> None:
    said = send(world, 0, CIPHERTEXT[::-1])
    assert (said.status, said.code) == (400, "attachment-mismatch")


def test_a_partners_quota_is_asked_before_its_first_byte(world: World) -> None:
    small = world.limited(attachment_quota_bytes=100)
    said = send(small, 0, CIPHERTEXT)
    assert (said.status, said.code) == (413, "quota-exceeded")
    said = send(world.limited(attachment_max_bytes=100), 0, b"", total=10_000)
    assert (said.status, said.code) == (413, "attachment-too-large")


def test_a_body_beyond_every_attachment_is_not_read(world: World) -> None:
    said = send(world.limited(attachment_max_bytes=100), 0, CIPHERTEXT)
    assert (said.status, said.code) == (413, "request-too-large")


def carried(small: World, drafter: str) -> str:
    """Release a record with an attachment to cis-atc; return the ciphertext's digest."""
    upload_id = announced(small, drafter)
    digest = put(small, drafter, upload_id, 0, CONTENT).ok()["digest"]
    named = {
        "digest": digest,
        "name": "scan.pdf",
        "media_type": "application/pdf",
        "size_bytes": len(CONTENT),
    }
    row = released(small.broker, "cis-atc", **document(attachments=[named]))
    with small.broker.store.read() as view:
        [entry] = view.outbox.of_record(row.record_id)
    return entry.attachments[0]


def test_a_partner_fetches_what_its_envelope_carries(small: World, drafter: str) -> None:
    path = f"/exchange/v1/attachments/{carried(small, drafter)}"
    certificate = partner_certificate("cis-atc")
    whole = small.call("GET", path, certificate=certificate)
    assert whole.status == 200
    size = len(whole.response.data)
    assert whole.headers["Content-Length"] == str(size)
    rest = small.call("GET", path, certificate=certificate, headers={"Range": "bytes=1000-"})
    assert rest.status == 206
    assert rest.response.data == whole.response.data[1000:]
    assert rest.headers["Content-Range"] == f"bytes 1000-{size - 1}/{size}"
    for wanted in (f"bytes={size}-", f"bytes={size + 1}-", "bytes=-5", "bytes=0-9", "chunks=1-"):
        said = small.call("GET", path, certificate=certificate, headers={"Range": wanted})
        assert (said.status, said.code) == (416, "range-invalid"), wanted


def test_what_no_envelope_for_the_partner_carries_is_not_there(world: World) -> None:
    certificate = partner_certificate("cis-atc")
    said = world.call("GET", PATH, certificate=certificate)
    assert (said.status, said.code) == (404, "not-found")
    said = world.call("GET", "/exchange/v1/attachments/UPPERCASE", certificate=certificate)
    assert (said.status, said.code) == (404, "not-found")
