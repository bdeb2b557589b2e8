"""Read the published list safely: bounded, without entities, without the network."""

from __future__ import annotations

import lzma
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element

from adapters.un_list.subjects import date_of, organisation, person, text_of, texts_of
from hub.errors import Refused
from hub.records.times import as_time

#: The list of December 2025 has 2 MB; it grows by some per cent a year.
MAX_BYTES: Final = 32 * 1024 * 1024
_XZ_MAGIC: Final = b"\xfd7zXZ\x00"
_URL: Final = re.compile(r"https?://[!-~]+[!-~](?<![.,;)])")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry as listed, normalised: two lists differ where their entries do.

    `list_type` is the list's own word, such as `Al-Qaida`. `subject` is a person or an organisation in the
    form of records. There is no version to go by: VERSIONNUM is 1 for all, and the dates of amendment in
    `amended_on` miss most amendments.
    """

    data_id: str
    reference: str
    list_type: str
    listed_on: str
    amended_on: tuple[str, ...]
    subject: Mapping[str, Any] = field(repr=False)
    comments: str = field(repr=False)
    links: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnList:
    """One edition of the list. Who was delisted is not in it: that is absence from the next edition."""

    generated_at: datetime
    entries: tuple[Entry, ...] = field(repr=False)


def read_list(source: Path | str | bytes) -> UnList:
    """Read a list from a file or from bytes, XML or XML compressed with xz.

    The published XSD rejects every list that was published, so the form is checked here, leniently as to
    order and strictly as to what is needed. Raises Refused `list-invalid`.
    """
    root = _parsed(_uncompressed(source if isinstance(source, bytes) else _bounded(Path(source))))
    if root.tag != "CONSOLIDATED_LIST":
        raise _refused("its root is not CONSOLIDATED_LIST")
    entries = [_entry(each) for each in root.iterfind("INDIVIDUALS/INDIVIDUAL")]
    entries += [_entry(each) for each in root.iterfind("ENTITIES/ENTITY")]
    if not entries:
        raise _refused("it has no entries")
    if len({entry.reference for entry in entries}) < len(entries):
        raise _refused("a reference number stands in it twice")
    try:
        return UnList(generated_at=as_time(root.get("dateGenerated", "")), entries=tuple(entries))
    except ValueError:
        raise _refused("its dateGenerated is not a time with an offset") from None


def _refused(sentence: str) -> Refused:
    return Refused("list-invalid", f"The UN list cannot be read: {sentence}.")


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _uncompressed(raw: bytes) -> bytes:
    if raw.startswith(_XZ_MAGIC):
        inflate = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=256 * 1024 * 1024)
        try:
            raw = inflate.decompress(raw, max_length=MAX_BYTES + 1)
        except lzma.LZMAError:
            raise _refused("it is not whole, or is not xz") from None
        if not inflate.eof and len(raw) <= MAX_BYTES:
            raise _refused("it is cut short")
    if len(raw) > MAX_BYTES:
        raise _refused(f"it has more than {MAX_BYTES:,} bytes")
    return raw


def _parsed(raw: bytes) -> _Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError:
        raise _refused("it is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _refused("it has a document type, which the list never has")
    return root


def _entry(element: _Element) -> Entry:
    comments = text_of(element, "COMMENTS1")
    entry = Entry(
        data_id=text_of(element, "DATAID"),
        reference=text_of(element, "REFERENCE_NUMBER"),
        list_type=text_of(element, "UN_LIST_TYPE"),
        listed_on=date_of(text_of(element, "LISTED_ON")),
        amended_on=tuple(sorted({date_of(each) for each in texts_of(element, "LAST_DAY_UPDATED/VALUE")})),
        subject=person(element) if element.tag == "INDIVIDUAL" else organisation(element),
        comments=comments,
        links=tuple(dict.fromkeys(_URL.findall(comments))),
    )
    for name in ("data_id", "reference", "list_type", "listed_on"):
        if not getattr(entry, name):
            raise _refused(f"an entry has no {name}")
    return entry
