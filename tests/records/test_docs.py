from __future__ import annotations

import pytest

from hub.records.kinds import Kind
from hub.records.subjects import SUBJECTS
from tests.records.write_docs import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_made_from_code_is_fresh(name: str) -> None:
    fresh = PAGES[name]()
    assert (DOCS / name).read_text(encoding="utf-8") == fresh, "run `python -m tests.records.write_docs`"


def test_the_page_of_records_has_every_kind_and_every_link_leads_somewhere() -> None:
    page = PAGES["records.md"]()
    headings = {line.lstrip("# ").lower() for line in page.splitlines() if line.startswith("#")}
    assert {kind.value for kind in Kind} | set(SUBJECTS) <= headings
    links = {part.partition(")")[0] for part in page.split("](#")[1:]}
    assert links <= headings
