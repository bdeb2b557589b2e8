"""A request that came in is answered from the command line, as the API lets officers do."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.arriving import came
from tests.cli.conftest import Officers
from tests.cli.test_record import release, standing
from tests.cli.walk import hub, json_of, refused


def answer_file(folder: Path) -> str:
    document = json.loads(hub("record", "template", "assistance-answer").stdout)
    document["legal_basis"] = {"agreement": "test-treaty", "articles": ["1"]}
    path = folder / "answer.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def test_answer_goes_to_whom_asked_in_their_conversation(
    paired: Path, officers: Officers, tmp_path: Path
) -> None:
    asked = came(paired, kind="assistance-request")
    assert f"hub record answer {asked.record_id}" in hub("record", "show", asked.record_id).stdout
    words = ("record", "answer", asked.record_id, answer_file(tmp_path), "--priority", "urgent", "--json")
    answer = json_of(officers.act("aigul", *words))
    assert (answer["state"], answer["recipients"]) == ("draft", ["cis-atc"])
    assert (answer["in_reply_to"], answer["conversation"]) == (asked.record_id, asked.conversation)
    assert answer["priority"] == "urgent"
    assert json_of(release(officers, answer))["state"] == "released"
    assert standing(asked.record_id)["state"] == "answered"


def test_originator_says_whose_record_is_meant(paired: Path, officers: Officers, tmp_path: Path) -> None:
    asked = came(paired, kind="assistance-request")
    named = ("--originator", "cis-atc")
    for words in (("show", asked.record_id), ("trace", asked.record_id)):
        assert hub("record", *words, *named).exit_code == 0
        refused(hub("record", *words, "--originator", "sco-rats"), "not-found")
    file = answer_file(tmp_path)
    told = officers.act("aigul", "record", "answer", asked.record_id, file, "--originator", "sco-rats")
    refused(told, "not-found")
    assert officers.act("aigul", "record", "answer", asked.record_id, file, *named).exit_code == 0
    read = ("record", "read", asked.record_id, "--why", "case 7")
    assert officers.act("aigul", *read, *named).exit_code == 0
    refused(officers.act("aigul", *read, "--originator", "sco-rats"), "not-found")


def test_our_own_record_is_not_answered(paired: Path, officers: Officers, tmp_path: Path) -> None:
    file = answer_file(tmp_path)
    asked = came(paired, kind="assistance-request")
    ours = json_of(officers.act("aigul", "record", "answer", asked.record_id, file, "--json"))
    refused(officers.act("aigul", "record", "answer", ours["record_id"], file), "transition-invalid")
