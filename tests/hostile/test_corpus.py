"""Every hostile document is refused by its code, wherever it is read; what honest partners write is not."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from adapters.un_list.reading import MAX_BYTES as LIST_MAX_BYTES
from tests.adapters.carriers.mailing import deliver, mail_end, refused
from tests.hostile.corpus import corpus
from tests.hostile.entries import XML, Entry, honest
from tests.hostile.examining import Broken, outcome
from tests.hostile.packaged import signed_xml
from tests.hostile.readers import Reader, readers
from tests.transport.foreign import root

#: Documents of every format, and archives of a quarter of a gigabyte: not for the quick gate.
pytestmark = pytest.mark.slow

ENTRIES = list(corpus())
#: What a reader may hold beside the document itself, more than once.
FREE_BYTES = 8 << 20


def test_no_sort_of_hostile_document_is_left_out() -> None:
    assert {entry.sort for entry in ENTRIES} == {
        *("entities", "external references", "billion laughs", "signature wrapping", "XSLT"),
        *("duplicate keys", "huge numbers", "deep nesting", "zip bombs", "MIME tricks"),
        *("STIX ids", "stripped signatures", "weak algorithms", "changed parts", "several parts"),
        *("others' messages", "forged receipts", "endless documents"),
    }
    assert len({str(entry) for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_it_is_refused_with_its_code(entry: Entry) -> None:
    assert outcome(readers()[entry.reader], entry.make()) == entry.code


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one.sort == "zip bombs"], ids=str)
def test_what_is_compressed_takes_no_more_memory_than_its_reader_may(entry: Entry) -> None:
    reader, raw = readers()[entry.reader], entry.make()
    tracemalloc.start()
    try:
        outcome(reader, raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    opened = entry.reader == "UN list" and entry.name == "xz"
    assert peak < FREE_BYTES + 4 * len(raw) + (3 * LIST_MAX_BYTES if opened else 0)


@pytest.mark.parametrize("name", readers())
def test_what_honest_partners_write_is_read(name: str) -> None:
    for document in readers()[name].honest:
        # What these formats have no place for is filled in by a profile; there is none here.
        partial = name.endswith("-plain") or name == "dialect interpol"
        assert outcome(readers()[name], document) in ({None, "record-invalid"} if partial else {None})


@pytest.mark.parametrize("adapter", XML)
def test_a_signature_in_xml_makes_nothing_of_it_signed(adapter: str) -> None:
    """Only the seal around the whole document says who signed: what is wrapped in it cannot."""
    reader = f"dialect {adapter}"
    honestly = readers()[reader].read(honest(reader))
    if (code := outcome(readers()[reader], signed_xml(reader))) is None:
        assert readers()[reader].read(signed_xml(reader)) == honestly
    assert code in (None, "partner-document-malformed")


def test_hostile_mail_is_put_apart_and_what_is_sound_comes_all_the_same(tmp_path: Path) -> None:
    ours = mail_end("kz-knb", folder=tmp_path, state=tmp_path, authority=root().certificate)
    entries = [entry for entry in ENTRIES if entry.reader == "mail"]
    for entry in entries:
        deliver(tmp_path, entry.make())
    deliver(tmp_path, honest("mail"))
    assert [one.content for one in ours.pull(limit=50)] == [b"sealed"]
    assert refused(tmp_path) == sorted(entry.code for entry in entries)


def test_a_reader_that_raises_anything_else_is_found_out() -> None:
    def fail(raw: bytes) -> None:
        raise ValueError(raw)

    with pytest.raises(Broken, match="ValueError"):
        outcome(Reader(name="broken", read=fail, honest=[b"a"]), b"a")
