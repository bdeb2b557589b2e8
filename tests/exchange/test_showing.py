"""Content leaves by one way, and is opened where a reason is written down here, and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from hub.audit.events import Act
from hub.errors import OurFault
from hub.exchange.broker import Broker
from hub.exchange.showing import let_out
from tests.exchange.hubs import START, Hubs

HUB: Final = Path(__file__).parents[2] / "hub"
OPENERS: Final = frozenset(
    {
        "unlock",
        "body_key",
        "read_content",
        "open_content",
        "read_manifest",
        "read_signed",
        "secrets_for",
        "decrypt_chunks",
    }
)
#: Which modules open content at rest, and why nobody is shown it unlogged.
OPENING: Final = {
    "hub/exchange/contents.py": "where content at rest is opened for the modules below",
    "hub/exchange/routing.py": "shown to officers, through let_out",
    "hub/exchange/disclosing.py": "shown to members' systems, through let_out",
    "hub/exchange/taxii/inbox.py": "to lay out ids and versions of objects; content comes by disclosing",
    "hub/exchange/attachments/reading.py": "shown to officers and members' systems, through let_out",
    "hub/exchange/evidence/collecting.py": "shown to whoever exports evidence, after its exported entry",
    "hub/exchange/evidence/exporting.py": "to ask whose record a passage holds; what it shows is collected",
    "hub/exchange/evidence/parcels.py": "as above, of what went to and came from partners without a hub",
    "hub/exchange/evidence/partner_certificates.py": "partners' certificates, which are public, for anchors",
    "hub/exchange/drafting.py": "to check and permit a draft; the caller gets its row and the verdicts",
    "hub/exchange/correcting.py": "a withdrawal keeps what its record says; the caller gets its row",
    "hub/exchange/checks.py": "to know what a releaser is asked; the caller gets the questions",
    "hub/exchange/explaining.py": "to ask every rule; the caller gets verdicts, which hold no content",
    "hub/exchange/ledger/transport.py": "figures of members, shown to a reader through let_out",
    "hub/exchange/tearing.py": "to leave parts out, and say which changed; the caller gets a row and paths",
    "hub/exchange/consenting.py": "to draft a request or an answer; the caller gets the draft's row",
    "hub/exchange/passing/written.py": "to write a passage; the caller gets the draft's row",
    "hub/exchange/passing/following.py": "to send on what its originator changed; logged with its recipients",
    "hub/exchange/approving.py": "signed statements of officers, which hold digests; and salts, to sign one",
    "hub/exchange/officer_keys.py": "an officer's private key, opened with the officer's own password",
    "hub/exchange/taxii/collecting.py": "what a partner collects; logged before it is handed out",
    "hub/exchange/taxii/posting.py": "what a partner posted, handed to the intake that takes parcels",
    "hub/bootstrap/collectors.py": "the certificate that a collector shows, to compare it",
    "hub/exchange/releasing.py": "to permit, sign and seal what is released",
    "hub/exchange/upkeep.py": "to seal anew what was released",
    "hub/exchange/dispatching.py": "sealed bytes, for the recipients that their release names",
    "hub/exchange/refusing.py": "sealed bytes, to name the envelope that a relay refuses",
    "hub/exchange/answering.py": "sealed bytes, to compare their digest with a receipt",
    "hub/exchange/attachments/plan.py": "an attachment's key, to encrypt what is uploaded",
    "hub/exchange/attachments/uploads.py": "to take the digest of an upload that was resumed",
    "hub/exchange/hubless/asking.py": "to say which places of it a format cannot carry",
    "hub/exchange/hubless/confirming.py": "a partner's receipt, to see whether it came before",
    "hub/exchange/hubless/continuing.py": "to compare what came with the version before; nothing is shown",
    "hub/exchange/hubless/retrying.py": "a refused parcel, weighed again as when it came; nothing is shown",
    "hub/exchange/hubless/showing.py": "parcels as evidence; committed as exported before they are returned",
    "hub/bootstrap/materials.py": "a key or secret, for the seal or carrier that it is held for",
    "hub/exchange/accounts.py": "an authenticator's secret, to compare a code",
}


@cache
def opening() -> frozenset[str]:
    """Return the modules that call what opens content at rest."""
    return frozenset(_opening())


def _opening() -> Iterator[str]:
    for path in HUB.rglob("*.py"):
        name = path.relative_to(HUB.parent).as_posix()
        if name.startswith("hub/envelope/"):
            continue
        text = path.read_text(encoding="utf-8")
        if not any(f"{word}(" in text for word in OPENERS):
            continue
        for node in ast.walk(ast.parse(text)):
            called = node.func if isinstance(node, ast.Call) else None
            word = getattr(called, "id", None) or getattr(called, "attr", None)
            if word in OPENERS:
                yield name


def test_content_is_opened_where_it_is_said_why_and_nowhere_else() -> None:
    found = opening()
    assert found - OPENING.keys() == set(), "say in OPENING why nobody is shown it unlogged"
    assert OPENING.keys() - found == set(), "nothing is opened there any more"


def test_what_faces_people_and_systems_opens_nothing_itself() -> None:
    assert not [name for name in opening() if name.startswith(("hub/api/", "hub/cli/"))]


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Hubs(folder=tmp_path).add("kz-knb")


def test_content_without_an_entry_that_tells_of_it_stays_inside(broker: Broker) -> None:
    told = broker.event(Act.CONSULTED, broker.itself, "id", START, justification="case 17")
    other = broker.event(Act.LOGIN, broker.itself, "id", START)
    for contents, events in ((["a"], []), (["a"], [other]), (["a", "b"], [told, other])):
        with pytest.raises(OurFault, match=r"^audit-missing: "), broker.store.work() as work:
            let_out(work, contents, events)
    with broker.store.work() as work:
        assert let_out(work, ["a"], [told, other]) == ["a"]
    with broker.store.read() as view:
        assert [event.act for _, event in view.events(after=0, limit=10)][-2:] == [Act.CONSULTED, Act.LOGIN]
