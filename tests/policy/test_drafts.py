"""Drafts of agreements load, name their sources, say what is uncertain, and cannot be put in force."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from hub.policy import Agreement, load_agreement
from hub.records.kinds import Kind
from tests.policy.samples import NOON

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "hub" / "policy" / "drafts").glob("*.toml"))
DRAFTS = [load_agreement(path.read_text("utf-8")) for path in FILES]
BY_ID = {draft.id: draft for draft in DRAFTS}
PARTNERS = ["de", "hu", "pk", "cn", "uz", "ru", "kg", "ge", "md", "ua", "lt", "tr", "in", "pl", "us"]
SANCTIONS = frozenset({Kind.DESIGNATION, Kind.DELISTING})


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
    assert all((one.source or "").startswith("https://") for one in draft.authorities)
    assert (draft.levels, draft.grounds) == ((), ())
    assert not any(flow.reply_days or flow.by_rule - SANCTIONS for flow in draft.flows)
    used = {number for flow in draft.flows for number in flow.articles}
    assert used == {article.number for article in draft.articles}


@pytest.mark.parametrize("partner", PARTNERS)
def test_every_bilateral_partner_has_a_draft_whose_agency_is_to_be_confirmed(partner: str) -> None:
    draft = BY_ID[f"kz-{partner}"]
    assert {party[:2] for party in draft.parties} == {"kz", partner}
    assert any("has to be confirmed" in sentence for sentence in draft.uncertain)
    assert any("proposal" in sentence for sentence in draft.uncertain)


@pytest.mark.parametrize(
    "name", ["cis-1999", "cis-mvd-2000", "cis-2017", "shanghai-2001", "interpol-rpd", "unsc-1267"]
)
def test_every_instrument_of_many_parties_has_a_draft(name: str) -> None:
    assert name in BY_ID


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.id)
def test_what_was_not_found_is_dated_so_that_it_can_never_hold(draft: Agreement) -> None:
    unknown = draft.instrument.startswith("To be named")
    assert unknown == (draft.in_force_from == date.max)
    assert not unknown or {kind for flow in draft.flows for kind in flow.kinds} == {Kind.SERVICE_NOTICE}
