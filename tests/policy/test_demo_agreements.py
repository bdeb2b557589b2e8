"""The demo's agreement files, read as each side reads them, decide what the demo needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub.entries import Direction
from hub.policy import Agreement, Deny, Permit, flows_by_rule, load_agreement, permit
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Label, Tlp
from hub.records.record import load_record
from hub.records.template import template
from tests.policy.samples import asked

HERE = Path(__file__).parents[2] / "demo" / "agreements"
AGREEMENTS = tuple(load_agreement(path.read_text("utf-8")) for path in sorted(HERE.glob("*.toml")))
MEMBERS = ["kz-mvd", "kz-border", "kz-nbk"]
PARTNERS = ["cis-atc", "sco-rats", "interpol-ncb-kz", "kg-gknb"]
PUBLIC = Label(classification=Classification.UNCLASSIFIED, tlp=Tlp.CLEAR)
CLOSED = Label(classification=Classification.CONFIDENTIAL, tlp=Tlp.AMBER)


def both_sides(
    kind: Kind,
    sender: str,
    recipient: str,
    agreement: str,
    label: Label = CLOSED,
    *,
    purpose: str = "investigation",
    language: str = "ru",
) -> list[str]:
    """Return what the sender's and the recipient's hub say: permitted, by rule, or which rules fail."""
    out = asked(
        kind=kind,
        label=label,
        originator=sender,
        counterparty=recipient,
        agreement=agreement,
        our_agency=sender,
        purpose=purpose,
        language=language,
    )
    inward = replace(out, counterparty=sender, our_agency=recipient, direction=Direction.IN)
    decisions = [permit(question, AGREEMENTS, suspended=False) for question in (out, inward)]
    assert decisions[0] == decisions[1]
    if isinstance(decisions[0], Deny):
        return [reason.code for reason in decisions[0].reasons]
    return ["by rule" if isinstance(flows_by_rule(out, AGREEMENTS), Permit) else "second officer"]


def test_the_files_are_named_after_their_ids() -> None:
    assert sorted(path.stem for path in HERE.glob("*.toml")) == sorted(a.id for a in AGREEMENTS)
    assert len(AGREEMENTS) == 6


@pytest.mark.parametrize("agreement", AGREEMENTS, ids=lambda agreement: agreement.id)
def test_every_article_of_a_file_carries_a_flow(agreement: Agreement) -> None:
    used = {number for flow in agreement.flows for number in flow.articles}
    assert used == {article.number for article in agreement.articles}


@pytest.mark.parametrize("recipient", MEMBERS + PARTNERS)
@pytest.mark.parametrize("kind", [Kind.DESIGNATION, Kind.DELISTING])
@pytest.mark.parametrize("language", ["ru", "en", "kk"])
def test_the_1267_list_flows_by_rule_to_members_and_partners(
    recipient: str, kind: Kind, language: str
) -> None:
    said = both_sides(kind, "kz-knb", recipient, "unsc-1267", PUBLIC, purpose="sanctions", language=language)
    assert said == ["by rule"]


@pytest.mark.parametrize(
    ("kind", "sender", "recipient", "agreement"),
    [
        (Kind.ASSISTANCE_REQUEST, "kz-knb", "cis-atc", "cis-1999"),
        (Kind.ASSISTANCE_ANSWER, "cis-atc", "kz-knb", "cis-1999"),
        (Kind.SPONTANEOUS_INFORMATION, "kz-knb", "sco-rats", "shanghai-2001"),
        (Kind.DIFFUSION, "kz-knb", "interpol-ncb-kz", "interpol-rpd"),
        (Kind.WANTED_PERSON, "kz-knb", "kg-gknb", "kz-kg"),
        (Kind.GROUP_PROFILE, "kg-gknb", "kz-knb", "kz-kg"),
    ],
)
def test_what_is_about_persons_needs_a_second_officer(
    kind: Kind, sender: str, recipient: str, agreement: str
) -> None:
    assert both_sides(kind, sender, recipient, agreement) == ["second officer"]


def test_travel_bans_reach_the_border_by_rule_and_hits_come_back() -> None:
    ban = both_sides(Kind.TRAVEL_BAN, "kz-knb", "kz-border", "unsc-1267", PUBLIC, purpose="border-control")
    hit = both_sides(Kind.BORDER_HIT, "kz-border", "kz-knb", "kz-domestic", purpose="border-control")
    assert (ban, hit) == (["by rule"], ["by rule"])


def test_chinese_goes_to_the_shanghai_structure_alone() -> None:
    kind = Kind.SPONTANEOUS_INFORMATION
    assert both_sides(kind, "kz-knb", "sco-rats", "shanghai-2001", language="zh") == ["second officer"]
    assert both_sides(kind, "kz-knb", "cis-atc", "cis-1999", language="zh") == ["language-not-agreed"]


def test_an_agreement_serves_only_its_parties() -> None:
    assert both_sides(Kind.WANTED_PERSON, "kz-knb", "kg-gknb", "cis-1999") == ["agreement-missing"]
    assert both_sides(Kind.WANTED_PERSON, "kz-knb", "interpol-ncb-kz", "interpol-rpd") == ["kind-not-agreed"]


def test_partners_exchange_nothing_among_themselves_under_our_files() -> None:
    for agreement in AGREEMENTS:
        for sender in PARTNERS:
            for recipient in (*PARTNERS, *MEMBERS):
                assert agreement.flow(sender, recipient) is None


def test_every_purpose_and_kind_of_the_mission_has_a_flow() -> None:
    flows = [flow for agreement in AGREEMENTS for flow in agreement.flows]
    assert set().union(*(flow.kinds for flow in flows)) == set(Kind)
    assert set().union(*(flow.purposes for flow in flows)) == set(Purpose)


@pytest.mark.parametrize("kind", Kind)
def test_every_template_may_go_somewhere_under_the_agreement_it_names(kind: Kind) -> None:
    record = load_record(template(kind))
    (agreement,) = (a for a in AGREEMENTS if a.id == record.legal_basis.agreement)
    assert set(record.legal_basis.articles) <= {article.number for article in agreement.articles}
    decisions = [
        permit(
            asked(
                kind=kind,
                purpose=record.purpose.value,
                language=record.language,
                label=record.label,
                agreement=agreement.id,
                our_agency=sender,
                originator=sender,
                counterparty=recipient,
            ),
            AGREEMENTS,
            suspended=False,
        )
        for sender in agreement.parties
        for recipient in agreement.parties
    ]
    assert any(isinstance(decision, Permit) for decision in decisions)
