from __future__ import annotations

import lzma
import os
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapters.un_list import Entry, UnList, designations, read_list
from adapters.un_list.countries import code_of
from adapters.un_list.reading import MAX_BYTES
from adapters.un_list.records import LISTS
from adapters.un_list.subjects import script_of
from hub.errors import Refused
from hub.records.kinds import Kind
from hub.records.label import Classification, Label, Tlp
from hub.records.record import check_record, load_record

PROJECT = Path(__file__).parents[3]
CARRIED = PROJECT / "demo" / "data" / "un-consolidated.xml.xz"
EDITIONS = Path(os.environ.get("HUB_DATA", PROJECT.parent / "shared" / "data")) / "un-consolidated"

with_editions = pytest.mark.skipif(not EDITIONS.is_dir(), reason=f"no lists of other dates in {EDITIONS}")

LIST = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-01-20T02:00:06.5+02:00">
<INDIVIDUALS><INDIVIDUAL>
  <DATAID>1</DATAID><VERSIONNUM>1</VERSIONNUM>
  <FIRST_NAME>SERIK
      ULGI</FIRST_NAME><SECOND_NAME> MYSSALOV </SECOND_NAME><THIRD_NAME/>
  <UN_LIST_TYPE>Al-Qaida</UN_LIST_TYPE><REFERENCE_NUMBER> QDi.000 </REFERENCE_NUMBER>
  <LISTED_ON>2018-03-06-05:00</LISTED_ON><GENDER>Male</GENDER>
  <NAME_ORIGINAL_SCRIPT>Серик Мысалов</NAME_ORIGINAL_SCRIPT>
  <COMMENTS1>Invented.
     See https://www.interpol.int/notice.</COMMENTS1>
  <TITLE><VALUE>Dr. </VALUE></TITLE>
  <DESIGNATION><VALUE>Driver</VALUE><VALUE>Driver</VALUE></DESIGNATION>
  <NATIONALITY><VALUE>Kazakhstan</VALUE><VALUE>Tunisian</VALUE></NATIONALITY>
  <LAST_DAY_UPDATED><VALUE>2019-05-01</VALUE><VALUE/><VALUE>2018-07-02</VALUE></LAST_DAY_UPDATED>
  <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Ulgi</ALIAS_NAME>
    <DATE_OF_BIRTH>1970-01-02</DATE_OF_BIRTH><CITY_OF_BIRTH>Almaty</CITY_OF_BIRTH><NOTE>false</NOTE>
  </INDIVIDUAL_ALIAS>
  <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Abu Mysal</ALIAS_NAME></INDIVIDUAL_ALIAS>
  <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME> </ALIAS_NAME></INDIVIDUAL_ALIAS>
  <INDIVIDUAL_ADDRESS><CITY>Almaty</CITY><COUNTRY>Kazakhstan</COUNTRY></INDIVIDUAL_ADDRESS>
  <INDIVIDUAL_ADDRESS><COUNTRY>Sudan/South Sudan</COUNTRY></INDIVIDUAL_ADDRESS>
  <INDIVIDUAL_ADDRESS><COUNTRY/></INDIVIDUAL_ADDRESS>
  <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1971-03-31</DATE></INDIVIDUAL_DATE_OF_BIRTH>
  <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1970</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
  <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1968</FROM_YEAR>
    <TO_YEAR>1973</TO_YEAR><NOTE>Approximately</NOTE></INDIVIDUAL_DATE_OF_BIRTH>
  <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><NOTE>Aug. 1977</NOTE>
  </INDIVIDUAL_DATE_OF_BIRTH>
  <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE/></INDIVIDUAL_DATE_OF_BIRTH>
  <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Numéro de passeport </TYPE_OF_DOCUMENT><NUMBER> N1 </NUMBER>
    <ISSUING_COUNTRY>Kazakhstan</ISSUING_COUNTRY><CITY_OF_ISSUE>Cairo</CITY_OF_ISSUE>
    <COUNTRY_OF_ISSUE>Egypt</COUNTRY_OF_ISSUE></INDIVIDUAL_DOCUMENT>
  <INDIVIDUAL_DOCUMENT/>
</INDIVIDUAL></INDIVIDUALS>
<ENTITIES><ENTITY>
  <DATAID>2</DATAID><FIRST_NAME>ULGI FUND</FIRST_NAME><UN_LIST_TYPE>Taliban</UN_LIST_TYPE>
  <REFERENCE_NUMBER>TAe.000</REFERENCE_NUMBER><LISTED_ON>2020-01-01</LISTED_ON><COMMENTS1/>
  <ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>Mysal</ALIAS_NAME></ENTITY_ALIAS>
</ENTITY></ENTITIES></CONSOLIDATED_LIST>
"""


@cache
def carried() -> UnList:
    return read_list(CARRIED)


@cache
def edition(name: str) -> dict[str, Entry]:
    return {entry.reference: entry for entry in read_list(EDITIONS / f"un-consolidated-{name}.xml").entries}


def small(text: str = LIST) -> UnList:
    return read_list(text.encode())


def test_the_carried_list_makes_341_designations_that_load_as_they_are() -> None:
    documents = list(designations(carried(), "kz-knb"))
    records = [load_record(document) for document in documents]
    assert [record.document for record in records] == documents
    assert Counter(record.subjects[0]["type"] for record in records) == {"person": 252, "organisation": 89}
    assert {record.kind for record in records} == {Kind.DESIGNATION}
    assert (
        len({record.id for record in records})
        == len({record.details["reference"] for record in records})
        == 341
    )
    assert all(record.details["reference"].startswith("QD") for record in records)


def test_the_carried_list_is_whole_and_dated() -> None:
    assert len(carried().entries) == 999
    assert carried().generated_at == datetime(2025, 12, 10, 0, 0, 6, 263000, UTC)
    assert {entry.list_type for entry in carried().entries} == set(LISTS)


def test_entries_of_every_other_list_load_too() -> None:
    documents = list(designations(carried(), "kz-knb", list_types=set(LISTS) - {"Al-Qaida"}))
    assert len(documents) == 999 - 341
    assert [check_record(document) for document in documents] == [[]] * len(documents)


def test_the_carried_list_names_no_country_that_has_no_code() -> None:
    texts = [
        address["country_text"]
        for entry in carried().entries
        for name in ("addresses", "birth_places")
        for address in entry.subject.get(name, ())
        if "country_text" in address
    ]
    assert texts == []
    assert code_of("Türkiye") == code_of("TURKEY") == "TR"
    assert code_of("Côte d’Ivoire") == "CI"
    assert code_of("na") is None


def test_an_individual_becomes_a_person_with_nothing_lost_and_nothing_empty() -> None:
    entry = small().entries[0]
    assert (entry.reference, entry.data_id, entry.listed_on) == ("QDi.000", "1", "2018-03-06")
    assert entry.amended_on == ("2018-07-02", "2019-05-01")
    assert entry.comments == "Invented. See https://www.interpol.int/notice."
    assert entry.links == ("https://www.interpol.int/notice",)
    expected: dict[str, Any] = {
        "type": "person",
        "capacity": "listed",
        "names": [
            {"text": "SERIK ULGI MYSSALOV", "script": "Latn", "form": "primary"},
            {"text": "Серик Мысалов", "script": "Cyrl", "form": "original"},
            {
                "text": "Ulgi",
                "script": "Latn",
                "form": "alias",
                "quality": "good",
                "note": "false; born 1970-01-02; place of birth Almaty",
            },
            {"text": "Abu Mysal", "script": "Latn", "form": "alias", "quality": "low"},
        ],
        "titles": ["Dr."],
        "sex": "male",
        "birth_dates": [
            {"form": "exact", "date": "1971-03-31"},
            {"form": "approximate", "date": "1970"},
            {"form": "between", "earliest": "1968", "latest": "1973", "note": "Approximately"},
            {"form": "described", "note": "Aug. 1977"},
            {"form": "exact", "date": "1970-01-02", "note": "used with an alias"},
        ],
        "nationalities": ["KZ"],
        "documents": [
            {"document_type": "passport", "number": "N1", "country": "KZ", "issued_in": "Cairo, Egypt"}
        ],
        "addresses": [{"city": "Almaty", "country": "KZ"}, {"country_text": "Sudan/South Sudan"}],
        "occupations": ["Driver"],
        "note": "Nationality as listed: Tunisian",
    }
    assert entry.subject == expected


def test_an_entity_becomes_an_organisation_that_no_travel_ban_concerns() -> None:
    documents = list(designations(small(), "kz-knb", list_types={"Taliban"}))
    assert documents[0]["subjects"][0]["names"][1] == {"text": "Mysal", "script": "Latn", "form": "former"}
    assert documents[0]["details"]["measures"] == ["asset-freeze", "arms-embargo"]
    assert documents[0]["details"]["list"] == "unsc-1988"
    assert check_record(documents[0]) == []


def test_only_the_1267_list_is_taken_unless_told() -> None:
    assert [document["details"]["list"] for document in designations(small(), "kz-knb")] == ["unsc-1267"]


def test_a_designation_names_its_originator_basis_and_label_as_told() -> None:
    label = Label(classification=Classification.RESTRICTED, tlp=Tlp.AMBER)
    (document,) = designations(small(), "kg-gknb", agreement="kg-law", articles=["1"], label=label)
    record = load_record(document)
    assert (record.originator, record.legal_basis.agreement, record.label) == ("kg-gknb", "kg-law", label)
    assert record.details["list_generated_at"] == "2026-01-20T00:00:06.500000Z"


@pytest.mark.parametrize(
    ("text", "script"),
    [("Ulgi Мы", "Latn"), ("عبد", "Arab"), ("王小", "Hani"), ("홍길동", "Hang"), ("12", "Zyyy")],
)
def test_a_names_script_is_that_of_most_of_its_letters(text: str, script: str) -> None:
    assert script_of(text) == script


@pytest.mark.slow
@with_editions
@pytest.mark.parametrize("name", ["2018-06-21", "2018-08-24", "2025-11-18", "2025-12-10"])
def test_every_edition_at_hand_makes_341_or_345_designations_that_load(name: str) -> None:
    un_list = read_list(EDITIONS / f"un-consolidated-{name}.xml")
    documents = list(designations(un_list, "kz-knb"))
    assert len(documents) == (345 if name == "2018-08-24" else 341)
    assert [check_record(document) for document in documents] == [[]] * len(documents)


@pytest.mark.slow
@with_editions
def test_two_editions_differ_by_what_they_say_and_not_by_how_it_is_laid_out() -> None:
    before, after = edition("2025-11-18"), edition("2025-12-10")
    assert before.keys() - after.keys() == {"IQi.074"}
    assert after.keys() <= before.keys()
    assert {each for each in after if after[each] != before[each]} == {"HTi.006", "SOi.022"}


@pytest.mark.slow
@with_editions
def test_two_editions_of_2018_differ_as_their_publisher_announced() -> None:
    before, after = edition("2018-06-21"), edition("2018-08-24")
    assert after.keys() - before.keys() == {*(f"QDi.{n}" for n in range(415, 419)), "SSi.007", "SSi.008"}
    assert len(before.keys() - after.keys()) == 8
    assert sum(after[each] != before[each] for each in before.keys() & after.keys()) == 14


# hostile and broken lists

EXPANDING = """<?xml version="1.0"?><!DOCTYPE CONSOLIDATED_LIST [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<CONSOLIDATED_LIST dateGenerated="2026-01-20T00:00:00Z"><INDIVIDUALS/></CONSOLIDATED_LIST>"""


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not well-formed"),
        (b"\x00\x01", "not well-formed"),
        (LIST[:500].encode(), "not well-formed"),
        (b"<LIST/>", "root"),
        (b'<CONSOLIDATED_LIST dateGenerated="2026-01-20T00:00:00Z"/>', "no entries"),
        (LIST.replace("2026-01-20T02:00:06.5+02:00", "yesterday").encode(), "dateGenerated"),
        (LIST.replace("<REFERENCE_NUMBER> QDi.000 </REFERENCE_NUMBER>", "").encode(), "no reference"),
        (LIST.replace("TAe.000", "QDi.000").encode(), "twice"),
        (EXPANDING.encode(), "document type"),
        (lzma.compress(LIST.encode())[:-20], "cut short"),
        (lzma.compress(LIST.encode())[:60] + bytes(60), "not xz"),
        (lzma.compress(bytes(MAX_BYTES + 1)), "more than"),
        (b" " * (MAX_BYTES + 1), "more than"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_list_that_cannot_be_trusted_is_refused_as_list_invalid(raw: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said) as refusal:
        read_list(raw)
    assert refusal.value.code == "list-invalid"


def test_a_file_named_by_an_entity_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("content")
    doctype = f'<!DOCTYPE x [<!ENTITY f SYSTEM "file://{tmp_path}/secret">]><CONSOLIDATED_LIST'
    with pytest.raises(Refused) as refusal:
        small(LIST.replace("<CONSOLIDATED_LIST", doctype, 1).replace("ULGI FUND", "&f;"))
    assert refusal.value.code == "list-invalid"
    assert "content" not in str(refusal.value)


def test_a_compressed_list_reads_like_the_plain_one() -> None:
    assert read_list(lzma.compress(LIST.encode())) == small()
