"""Our events load with PyMISP and use MISP's own templates; others' are read as far as records go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pymisp
import pytest
from pymisp import MISPEvent

from adapters.bilateral.misp.dialect import Misp
from adapters.bilateral.misp.templates import CATEGORIES, FILE, NAMES, SUBJECTS
from adapters.contract import Interpretation
from adapters.versions import refuse_changed
from hub.errors import HubError, IntegrityFailure
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.data import file

WITH, PLAIN = (
    Misp(max_bytes=4 * 1024 * 1024, extension=True),
    Misp(max_bytes=4 * 1024 * 1024, extension=False),
)
PYMISP = Path(pymisp.__file__).parent / "data"


def event(kind: Kind = Kind.GROUP_PROFILE, dialect: Misp = WITH) -> dict[str, Any]:
    value = json.loads(dialect.translate(dict(load_record(template(kind)).document)).document)
    assert isinstance(value, dict)
    return value


def read(value: Any) -> Interpretation:
    return WITH.interpret(json.dumps(value).encode())


def code_of(value: Any) -> str | None:
    try:
        read(value)
    except HubError as failure:
        return failure.code
    return None


@pytest.mark.parametrize("kind", Kind)
def test_events_load_with_pymisp_and_lose_nothing_there(kind: Kind) -> None:
    value = event(kind)
    loaded = MISPEvent()
    loaded.load(json.dumps(value))
    assert str(loaded.uuid) == value["Event"]["uuid"]
    assert next(tag.name for tag in loaded.tags).startswith("tlp:")
    theirs = {str(a.uuid): str(a.value) for one in loaded.objects for a in one.attributes}
    ours = {a["uuid"]: a["value"] for one in value["Event"]["Object"] for a in one["Attribute"]}
    assert theirs == ours
    references = {str(ref.referenced_uuid) for one in loaded.objects for ref in one.references}
    assert references <= {str(one.uuid) for one in loaded.objects}


@pytest.mark.parametrize("kind", [Kind.GROUP_PROFILE, Kind.DIFFUSION])
def test_what_pymisp_writes_again_is_read_as_the_same_record(kind: Kind) -> None:
    value = event(kind)
    loaded = MISPEvent()
    loaded.load(json.dumps(value))
    again = json.loads(loaded.to_json())
    assert read({"Event": again}).record == read(value).record


def test_templates_are_misps_own() -> None:
    types = json.loads((PYMISP / "describeTypes.json").read_text(encoding="utf-8"))["result"]["sane_defaults"]
    assert {sort: types[sort]["default_category"] for sort in CATEGORIES} == CATEGORIES
    for sort, ours in [*SUBJECTS.items(), ("", FILE)]:
        path = PYMISP / "misp-objects" / "objects" / ours.name / "definition.json"
        theirs = json.loads(path.read_text(encoding="utf-8"))
        assert (theirs["uuid"], theirs["meta-category"]) == (ours.uuid, ours.meta)
        mine = {one.name: one.sort for one in ours.relations if not one.name.startswith("record-")}
        if sort in NAMES:
            mine |= {NAMES[sort][0]: NAMES[sort][1], "alias": "text"}
        assert {name: theirs["attributes"][name]["misp-attribute"] for name in mine} == mine


def test_admiralty_grades_are_tags_and_other_scales_are_never_converted() -> None:
    tags = {tag["name"] for tag in event(Kind.TRANSPORT_CHANNEL)["Event"]["Tag"]}
    assert 'admiralty-scale:source-reliability="c"' in tags
    tags = {tag["name"] for tag in event(Kind.GROUP_PROFILE)["Event"]["Tag"]}
    assert tags == {"tlp:amber"}


def test_a_plain_event_says_what_it_cannot_carry() -> None:
    translated = PLAIN.translate(dict(load_record(template(Kind.GROUP_PROFILE)).document))
    assert {"details", "grading", "subjects[1].look"} <= set(translated.lost)
    assert "Вербовка".encode() not in translated.document


@pytest.mark.parametrize(
    "name", ["test_events_collection_1", "test_attributes_collection_1", "test_objects_collection_1"]
)
def test_public_collections_are_read_event_by_event_or_refused_whole(name: str) -> None:
    value = json.loads(file(f"misp/{name}.json"))
    assert code_of(value) == "partner-document-malformed"  # more than one, or none with its event around it
    for one in value["response"]:
        if "Event" in one:
            found = read(one)
            assert found.record["narrative"] == one["Event"]["info"]
            kept = json.dumps(dict(found.unknown))
            assert all(attribute["value"] in kept for attribute in one["Event"]["Attribute"])


def test_a_uuid_that_means_two_things_is_held() -> None:
    value = event()
    objects = value["Event"]["Object"]
    objects[1]["uuid"] = objects[2]["uuid"]
    assert code_of(value) == "partner-document-ambiguous"


def test_two_records_in_one_event_are_held() -> None:
    value = event()
    value["Event"]["Object"].append(event(Kind.DIFFUSION)["Event"]["Object"][0])
    assert code_of(value) == "partner-document-ambiguous"


def test_a_change_without_a_new_time_stamp_is_held() -> None:
    value = event()
    known = read(value).versions
    value["Event"]["EventReport"][0]["content"] = "Something else."
    with pytest.raises(IntegrityFailure):
        refuse_changed(known, read(value).versions)


@pytest.mark.parametrize(
    "change",
    [
        {"uuid": "1"},
        {"uuid": None},
        {"info": 1},
        {"Tag": {}},
        {"Tag": [1]},
        {"Object": "none"},
        {"Object": [{"Attribute": [[]]}]},
        {"EventReport": [{"content": {}}]},
    ],
)
def test_an_event_of_another_form_is_refused(change: dict[str, Any]) -> None:
    value = event()
    value["Event"] |= change
    assert code_of(value) == "partner-document-malformed"
