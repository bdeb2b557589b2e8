"""What an agreement decides where a document is silent, and what it may never decide."""

from __future__ import annotations

import pytest

from adapters.completing import complete
from adapters.versions import refuse_changed
from hub.errors import IntegrityFailure, Refused
from hub.records.ids import new_id
from hub.records.record import load_record

DECIDES = {
    "kind": "spontaneous-information",
    "originator": "de-bka",
    "purpose": "prevention",
    "language": "en",
    "legal_basis": {"agreement": "kz-de", "articles": ["4"]},
    "label": {"classification": "restricted", "tlp": "amber"},
}
SAID = {
    "narrative": "What they wrote.",
    "label": {"tlp": "red"},
    "subjects": [{"type": "person", "names": [{"text": "МЫСАЛОВ"}, {"text": "MYSSALOV"}]}],
    "details": {"about": "other", "relevance": "All of it.", "threat": "possible"},
}
AT = "2026-11-22T10:00:00Z"


def test_a_document_and_the_agreement_make_a_record() -> None:
    record = load_record(complete(SAID, DECIDES, record_id=new_id(), at=AT))
    assert record.label.tlp.value == "red"  # what the document says goes before what the profile decides
    assert record.label.classification.value == "restricted"
    names = record.subjects[0]["names"]
    assert [(name["script"], name["form"]) for name in names] == [("Cyrl", "primary"), ("Latn", "alias")]


def test_what_is_still_missing_is_told_of_and_not_guessed() -> None:
    without_kind = {name: value for name, value in DECIDES.items() if name != "purpose"}
    with pytest.raises(Refused) as refused:
        load_record(complete(SAID, without_kind, record_id=new_id(), at=AT))
    assert refused.value.code == "record-invalid"
    assert "purpose" in refused.value.sentence


def test_a_profile_never_decides_what_only_a_document_can_say() -> None:
    with pytest.raises(Refused) as refused:
        complete(SAID, {"subjects": []}, record_id=new_id(), at=AT)
    assert refused.value.code == "adapter-invalid"


def test_details_are_decided_for_their_kind_alone_and_the_document_goes_before() -> None:
    mine = {"spontaneous-information": {"threat": "none", "relevance": "Decided.", "seen": "yes"}}
    found = complete(SAID, {**DECIDES, "details": mine}, record_id=new_id(), at=AT)
    assert found["details"] == {**SAID["details"], "seen": "yes"}  # type: ignore[dict-item]
    other = complete(SAID, {**DECIDES, "details": {"notice": {"colour": "red"}}}, record_id=new_id(), at=AT)
    assert other["details"] == SAID["details"]
    for wrong in ("red", {"notice": "red"}):
        with pytest.raises(Refused) as refused:
            complete(SAID, {**DECIDES, "details": wrong}, record_id=new_id(), at=AT)
        assert refused.value.code == "adapter-invalid"


def test_an_object_that_changed_without_a_new_version_is_held() -> None:
    refuse_changed({"a@1": "x", "b@1": "y"}, {"a@1": "x", "a@2": "z"})
    with pytest.raises(IntegrityFailure) as held:
        refuse_changed({"a@1": "x"}, {"a@1": "z"})
    assert held.value.code == "partner-document-ambiguous"
