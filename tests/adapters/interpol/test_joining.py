"""UN Special Notices beside the Security Council's list, by the reference that both carry."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters import registry
from adapters.interpol.joining import join, reference_of
from adapters.un_list import designations, read_list
from hub.bootstrap.adapting import beside_un_list
from tests.adapters import data


def notice(reference: str, colour: str = "un-special") -> dict[str, Any]:
    return {"details": {"colour": colour, "listing": {"reference": reference}}}


def entry(reference: str) -> dict[str, Any]:
    return {"details": {"reference": reference}}


def test_blanks_and_letters_do_not_part_what_belongs_together() -> None:
    assert reference_of(" QDi.400 ") == reference_of("qdI. 400") == "qdi.400"
    joined = join(
        [notice("QDi.400"), notice("QDi.400"), notice("QDe.999")], [entry(" QDi.400 "), entry("QDe.001")]
    )
    assert [pair[1] for pair in joined.pairs] == [entry(" QDi.400 ")] * 2
    assert joined.notices_unlisted == (notice("QDe.999"),)
    assert joined.entries_without == (entry("QDe.001"),)


def test_other_notices_are_left_out_and_one_without_a_reference_stands_alone() -> None:
    bare = {"details": {"colour": "un-special"}}
    joined = join([notice("QDi.400", colour="red"), bare, {}], [entry("QDi.400")])
    assert joined.pairs == ()
    assert joined.notices_unlisted == (bare,)


@pytest.mark.slow
def test_real_notices_meet_the_real_list() -> None:
    dialect = registry.make("interpol").dialect
    shapes = json.loads(data.file("interpol/notices-hal-shapes-mixed.json"))
    notices = [
        dialect.interpret(json.dumps({k: v for k, v in one.items() if k != "_notice_kind"}).encode()).record
        for one in shapes
    ]
    listed = read_list(data.file("un-consolidated/un-consolidated-2025-12-10.xml"))
    joined = join(notices, designations(listed, "kz-mfa"))
    assert [pair[0]["details"]["listing"]["reference"] for pair in joined.pairs] == ["QDi.400", "QDe.001"]
    assert all(
        reference_of(pair[1]["details"]["reference"])
        == reference_of(pair[0]["details"]["listing"]["reference"])
        for pair in joined.pairs
    )
    # Listed in 2026, after this list was made.
    assert [one["details"]["listing"]["reference"] for one in joined.notices_unlisted] == ["SDi.011"]
    assert len(joined.entries_without) == 341 - 2


@pytest.mark.slow
def test_documents_of_a_folder_meet_the_list_by_reference() -> None:
    shapes = json.loads(data.file("interpol/notices-hal-shapes-mixed.json"))
    documents = [json.dumps(one).encode() for one in shapes] + [b"no notice"]
    raw = data.file("un-consolidated/un-consolidated-2025-12-10.xml")
    told = beside_un_list(registry.make("interpol"), documents, raw)
    listed = {one.reference for one in read_list(raw).entries}
    un = {one["entity_id"]: one["un_reference"] for one in shapes if "un_reference" in one}
    assert told["joined"] == {number: one for number, one in un.items() if one in listed}
    assert told["unlisted"] == [number for number, one in un.items() if one not in listed]
    assert told["unread"] == 1
