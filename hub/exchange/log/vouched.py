"""What others said of our log, checked again as it is stored: cosignatures of witnesses, and time stamps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509

from hub.audit.names import witness_name
from hub.audit.notes import Note, NoteKey, read_note, read_signatures
from hub.audit.quorum import Quorum, weigh
from hub.audit.timestamps import verify_timestamp
from hub.errors import HubError, IntegrityFailure
from hub.exchange.broker import Broker
from hub.federation.card import Card
from hub.ports import CheckpointRow, CosignatureRow, View

#: Sets of a witness's keys, each made together.
KeySets = Sequence[tuple[NoteKey, ...]]


@dataclass(frozen=True, kw_only=True)
class Vouchers:
    """Whose word can be checked: the keys of witnesses, by agency, and the roots of time stamps.

    A line by keys that are not known here any more says nothing, and neither does a stamp without any root.
    """

    witnesses: Mapping[str, KeySets] = field(default_factory=dict)
    tsa_roots: Sequence[x509.Certificate] = ()

    def faults(self, view: View, row: CheckpointRow, *, grown: bool) -> Iterator[tuple[str, HubError]]:
        """Yield what does not verify of what others are stored to have said of a checkpoint, and who said it.

        Witnesses sign for a size: where the log has not `grown` since the last checkpoint, that was checked.
        """
        note = read_note(row.note)
        for one in view.witnessing.cosignatures(row.size) if grown else ():
            try:
                _check(one, note.text, self.witnesses.get(one.witness, ()))
            except HubError as failure:
                yield one.witness, failure
        for stamp in view.witnessing.timestamps(row.number) if self.tsa_roots else ():
            try:
                verify_timestamp(stamp.token, row.note, self.tsa_roots)
            except HubError as failure:
                yield stamp.tsa, failure


def vouchers_of(broker: Broker, *, tsa_roots: Sequence[x509.Certificate] = ()) -> Vouchers:
    """Return the keys of all pinned partners' witnesses, of now and before, with the roots of time stamps."""
    partners = broker.standing().partners
    return Vouchers(
        witnesses={agency: _sets(partner.card) for agency, partner in partners.items()},
        tsa_roots=tsa_roots,
    )


def _sets(card: Card) -> KeySets:
    if card.witness_epochs:
        return [epoch.keys for epoch in card.witness_epochs]
    return [card.witness_keys] if card.witness_keys else []


def _check(one: CosignatureRow, text: str, sets: KeySets) -> None:
    """Refuse lines that are not this witness's, or that some of a set's keys alone have signed."""
    name, lines = witness_name(one.witness), read_signatures(one.lines.encode())
    if any(line.name != name for line in lines):
        raise IntegrityFailure("cosignature-invalid", f"A line that is kept as of {name} is another's.")
    for keys in sets:
        if not any(line.is_by(key) for line in lines for key in keys):
            continue
        quorum = Quorum(needed=1, witnesses={name: keys})
        if not weigh(quorum, Note(text=text, signatures=lines)).met:
            raise IntegrityFailure("cosignature-invalid", f"Not each key of {name} has signed, at one time.")
