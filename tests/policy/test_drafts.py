"""Drafts of agreements load, name their sources, say what is uncertain, and cannot be put in force."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.policy import Agreement, load_agreement
from tests.policy.samples import NOON

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "hub" / "policy" / "drafts").glob("*.toml"))
DRAFTS = [load_agreement(path.read_text("utf-8")) for path in FILES]


def test_the_drafts_are_those_that_the_page_lists() -> None:
    page = (ROOT / "docs" / "agreements.md").read_text("utf-8")
    listed = page[page.index("## Drafts") : page.index("## The demo's files")]
    assert sorted(re.findall(r"^\| `([a-z0-9-]+)` \|", listed, re.MULTILINE)) == [p.stem for p in FILES]
    assert [draft.id for draft in DRAFTS] == [path.stem for path in FILES]


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.id)
def test_a_draft_is_never_in_force_and_says_what_is_uncertain(draft: Agreement) -> None:
    assert draft.draft
    assert not draft.holds_on(NOON.date())
    assert draft.sources
    assert all(source.startswith("https://") for source in draft.sources)
    assert len(draft.uncertain) >= 3


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.id)
def test_a_draft_gives_no_clause_that_it_cannot_source(draft: Agreement) -> None:
    assert (draft.authorities, draft.levels, draft.grounds) == ((), (), ())
    assert not any(flow.reply_days for flow in draft.flows)
    used = {number for flow in draft.flows for number in flow.articles}
    assert used == {article.number for article in draft.articles}
