"""Agreements, labels and questions that the tests of these rooms start from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hub.entries import Direction
from hub.policy import Agreement, Article, Flow, Question
from hub.records.actor import Actor, ActorKind, Role
from hub.records.kinds import Kind, Purpose
from hub.records.label import Classification, Handling, Label, Tlp

NOON = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)

FLOW = Flow(
    senders=frozenset({"kz-knb"}),
    recipients=frozenset({"cis-atc"}),
    articles=("5",),
    kinds=frozenset({Kind.ASSISTANCE_REQUEST, Kind.DESIGNATION}),
    by_rule=frozenset({Kind.DESIGNATION}),
    purposes=frozenset({Purpose.INVESTIGATION}),
    languages=frozenset({"ru", "kk"}),
    highest=Classification.CONFIDENTIAL,
    tlp=frozenset({Tlp.AMBER, Tlp.RED}),
    handling=frozenset({Handling.H1}),
)

AGREEMENT = Agreement(
    id="cis-1999",
    version=1,
    title="Treaty",
    instrument="Treaty of 4 June 1999",
    parties=("kz-knb", "cis-atc"),
    in_force_from=date(2000, 12, 5),
    articles=(Article(number="5", about="Exchange of information"),),
    flows=(FLOW,),
)

TEXT = """
id = "cis-1999"
version = 1
title = "Treaty"
instrument = "Treaty of 4 June 1999"
parties = ["kz-knb", "cis-atc"]
in_force_from = 2000-12-05

[[articles]]
number = "5"
about = "Exchange of information"

[[flows]]
from = ["kz-knb"]
to = ["cis-atc"]
articles = ["5"]
kinds = ["assistance-request", "designation"]
by_rule = ["designation"]
purposes = ["investigation"]
languages = ["ru", "kk"]
highest = "confidential"
tlp = ["amber", "red"]
handling = ["H1"]
"""

LABEL = Label(classification=Classification.CONFIDENTIAL, tlp=Tlp.AMBER)

QUESTION = Question(
    kind=Kind.ASSISTANCE_REQUEST,
    purpose="investigation",
    language="ru",
    label=LABEL,
    originator="kz-knb",
    counterparty="cis-atc",
    direction=Direction.OUT,
    agreement="cis-1999",
    at=NOON,
    our_agency="kz-knb",
)


def asked(**changed: Any) -> Question:
    """Return the question that is permitted, with something changed."""
    return replace(QUESTION, **changed)


def labelled(**changed: Any) -> Question:
    """Return the question that is permitted, with something of its label changed."""
    return asked(label=replace(LABEL, **changed))


def agreed(**changed: Any) -> Agreement:
    """Return the agreement with something of its one flow changed."""
    return replace(AGREEMENT, flows=(replace(FLOW, **changed),))


def officer(name: str, *roles: Role) -> Actor:
    """Return an officer with roles."""
    return Actor(
        kind=ActorKind.OFFICER,
        id=name,
        agency="kz-knb",
        roles=frozenset(roles),
        clearance=Classification.TOP_SECRET,
    )
