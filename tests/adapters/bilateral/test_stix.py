"""Our bundles are valid to others' tools, others' are read as far as records go, and tricks are held."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import stix2

from adapters import registry
from adapters.bilateral.stix.dialect import Stix
from adapters.contract import Interpretation
from adapters.versions import refuse_changed
from hub.errors import HubError, IntegrityFailure
from hub.records.kinds import Kind
from hub.records.record import load_record
from hub.records.template import template
from tests.adapters.data import file

WITH, PLAIN = (
    Stix(max_bytes=4 * 1024 * 1024, extension=True),
    Stix(max_bytes=4 * 1024 * 1024, extension=False),
)


def loaded(kind: Kind, **changes: Any) -> dict[str, Any]:
    return dict(load_record(template(kind) | changes).document)


def bundle(kind: Kind = Kind.GROUP_PROFILE, dialect: Stix = WITH, **changes: Any) -> dict[str, Any]:
    value = json.loads(dialect.translate(loaded(kind, **changes)).document)
    assert isinstance(value, dict)
    return value


def read(value: dict[str, Any]) -> Interpretation:
    return WITH.interpret(json.dumps(value).encode())


def code_of(value: Any) -> str | None:
    try:
        read(value)
    except HubError as failure:
        return failure.code
    return None


def of_type(value: dict[str, Any], sort: str) -> list[dict[str, Any]]:
    return [each for each in value["objects"] if each["type"] == sort]


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [WITH, PLAIN], ids=["with our extension", "plain"])
@pytest.mark.parametrize("kind", Kind)
def test_bundles_are_valid_to_the_oasis_validator_and_the_stix2_library(kind: Kind, dialect: Stix) -> None:
    from stix2validator import ValidationOptions, validate_string  # it takes seconds to load

    document = dialect.translate(loaded(kind)).document.decode()
    found = validate_string(document, ValidationOptions(version="2.1"))
    assert found.is_valid, [str(error) for error in found.errors]
    parsed = stix2.parse(document, version="2.1")
    assert len(parsed.objects) == len(json.loads(document)["objects"])


def test_tlp_is_marked_as_oasis_defined_it() -> None:
    value = bundle(Kind.DIFFUSION)
    (report,) = of_type(value, "report")
    (marking,) = [each for each in of_type(value, "marking-definition") if each.get("name") == "TLP:AMBER"]
    assert marking["id"] in report["object_marking_refs"]
    (extension,) = marking["extensions"].values()
    assert extension == {"extension_type": "property-extension", "tlp_2_0": "amber"}


def test_a_plain_bundle_says_what_it_cannot_carry() -> None:
    translated = PLAIN.translate(loaded(Kind.GROUP_PROFILE))
    assert {"details", "grading", "subjects[1].look", "subjects[1].names[1]"} <= set(translated.lost)
    assert "Вербовка".encode() not in translated.document
    assert not translated.aside


def test_members_of_a_group_are_related_to_it() -> None:
    (relation,) = of_type(bundle(dialect=PLAIN), "relationship")
    assert (relation["relationship_type"], relation["labels"]) == ("related-to", ["link:leader"])


def test_a_bundle_of_before_says_by_its_type_how_two_are_linked() -> None:
    value = bundle()
    now = read(value).record
    (relation,) = of_type(value, "relationship")
    relation["relationship_type"] = relation.pop("labels")[0].removeprefix("link:")
    assert relation["relationship_type"] == "leader"
    assert read(value).record == now


#: The types of objects that OpenCTI's importer takes of those that we write; it leaves others out.
#: (pycti: `opencti_stix2_utils.STIX_OBJECTS`.)
IMPORTED = {"identity", "location", "relationship", "file", "marking-definition", "report"}


@pytest.mark.parametrize("dialect", [WITH, PLAIN], ids=["with our extension", "plain"])
@pytest.mark.parametrize("kind", Kind)
def test_what_opencti_imports_stands_on_nothing_that_it_leaves_out(kind: Kind, dialect: Stix) -> None:
    """It takes objects one by one, each after all that it refers to, and drops what refers to nothing.

    Between two identities its table (`stixCoreRelationshipsMapping`) has few relationships besides
    `related-to`, and an element with another one is refused.
    """
    objects = bundle(kind, dialect)["objects"]
    taken = {each["id"] for each in objects if each["type"] in IMPORTED}
    assert {each["type"] for each in objects} - IMPORTED <= {"extension-definition"}
    for each in objects:
        if each["id"] not in taken:
            continue
        named = [each[name] for name in each if name.endswith("_ref")]
        named += [one for name in each if name.endswith("_refs") for one in each[name]]
        assert set(named) <= taken - {each["id"]}
        assert each.get("relationship_type", "related-to") == "related-to"
        assert all(
            {"source_name", "external_id"} <= one.keys() for one in each.get("external_references", ())
        )
    (report,) = [each for each in objects if each["type"] == "report"]
    assert report["object_refs"]
    assert {"name", "published"} <= report.keys()


def test_a_withdrawal_is_a_revoked_report_of_the_same_id() -> None:
    first = template(Kind.DIFFUSION)
    second = first | {"version": 2, "action": "withdrawal", "details": {"reason": "ended"}}
    reports = [
        of_type(json.loads(WITH.translate(dict(load_record(one).document)).document), "report")[0]
        for one in (first, second)
    ]
    assert reports[0]["id"] == reports[1]["id"]
    assert reports[0]["created"] == reports[1]["created"]
    assert [one.get("revoked") for one in reports] == [None, True]


def test_an_id_twice_with_other_content_is_held() -> None:
    value = bundle()
    twice = deepcopy(of_type(value, "identity")[-1]) | {"name": "Another"}
    value["objects"].append(twice)
    assert code_of(value) == "partner-document-ambiguous"


def test_the_same_object_twice_is_one() -> None:
    value = bundle()
    value["objects"].append(deepcopy(of_type(value, "marking-definition")[0]))
    assert code_of(value) is None


def test_a_change_without_a_new_modified_is_held() -> None:
    value = bundle()
    known = read(value).versions
    of_type(value, "report")[0]["description"] = "Something else."
    with pytest.raises(IntegrityFailure) as held:
        refuse_changed(known, read(value).versions)
    assert held.value.code == "partner-document-ambiguous"
    of_type(value, "report")[0]["modified"] = "2199-01-01T00:00:00.000Z"
    refuse_changed(known, read(value).versions)


def test_two_records_in_one_bundle_are_held() -> None:
    value, other = bundle(), bundle(Kind.DIFFUSION)
    value["objects"] += of_type(other, "report")
    assert code_of(value) == "partner-document-ambiguous"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "identity"},
        {"id": "report--1"},
        {"id": "identity--" + "0" * 8 + "-0000-4000-8000-" + "0" * 12},
        {"spec_version": "2.0"},
        {"published": "yesterday"},
        {"object_refs": []},
        {"object_refs": "all"},
        {"external_references": [{"source_name": "hub-record"}]},
        {"labels": [{}]},
        {"name": None},
    ],
)
def test_an_object_that_is_not_valid_stix_is_refused_with_the_whole(change: dict[str, Any]) -> None:
    value = bundle()
    of_type(value, "report")[0].update(change)
    assert code_of(value) == "partner-document-malformed"


@pytest.mark.parametrize(
    "parts",
    [
        {},
        [1],
        [{"at": [], "value": 1}],
        [{"at": ["a"], "value": 1, "more": 2}],
        [{"at": [1.5], "value": 1}],
        [{"at": [-1], "value": 1}],
        [{"at": ["subjects", 10**9], "value": 1}],
        [{"at": ["a"] * 17, "value": 1}],
        [{"at": ["details"], "value": 1}, {"at": ["details", "a"], "value": 1}],
        [{"at": ["id"], "value": "another"}],
        [{"at": ["subjects", "a"], "value": 1}],
    ],
)
def test_a_crafted_extension_is_refused(parts: Any) -> None:
    value = bundle()
    (extension,) = of_type(value, "report")[0]["extensions"].values()
    extension["parts"] = parts
    assert code_of(value) == "partner-document-malformed"


def test_a_label_is_never_read_from_a_marking_that_only_looks_like_ours() -> None:
    value = bundle()
    for marking in of_type(value, "marking-definition"):
        if marking.get("definition", {}).get("statement") == "Classification: confidential":
            marking["definition"]["statement"] = "Classification: unclassified"
    found = read(value)
    assert "classification" not in found.record["label"]
    assert any("unclassified" in str(kept) for kept in found.unknown.values())


@pytest.mark.parametrize(
    "name",
    ["threat-reports-apt1", "threat-reports-poisonivy"],
)
def test_public_bundles_are_read_and_what_records_do_not_hold_is_kept(name: str) -> None:
    raw = file(f"stix21/examples/{name}.json")
    found = WITH.interpret(raw)
    count = len(json.loads(raw)["objects"])
    kept = {path.split(".")[0] for path in found.unknown if path.startswith("objects")}
    assert len(kept) > count * 0.9
    assert found.versions


@pytest.mark.slow
@pytest.mark.parametrize("name", ["2026-03-31", "2026-04-30"])
def test_real_bundles_that_hold_an_id_twice_are_held(name: str) -> None:
    raw = file(f"stix21/bundles/mitre-atlas-{name}.json")
    with pytest.raises(IntegrityFailure) as held:
        WITH.interpret(raw)
    assert held.value.code == "partner-document-ambiguous"


def test_the_profile_chooses_whether_there_is_an_extension() -> None:
    made = registry.make("bilateral", {"dialect": "stix", "extension": False})
    assert made.dialect.translate(loaded(Kind.DIFFUSION)).lost
