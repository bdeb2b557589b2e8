"""Nothing that was changed is ever called proven: neither by a thief of the file, nor by its own exporter."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from hub.audit.checkpoints import Checkpoint, cosign, sign_checkpoint
from hub.audit.events import Act
from hub.audit.notes import read_note
from hub.audit.tiles import consistency_proof
from hub.envelope.canonical import canonical
from hub.envelope.jws import sign_jws
from hub.envelope.suites import Suite
from hub.errors import IntegrityFailure
from hub.evidence.anchors import Anchors
from hub.evidence.bundle import EVIDENCE_TYPE, Bundle, read_bundle, write_bundle
from hub.evidence.findings import Outcome, Standing, Verdict
from hub.evidence.parts import CardPart, CheckpointPart
from hub.evidence.verifying import verify_bundle
from hub.exchange.broker import Broker
from tests.evidence.world import World, keys_of, play, proven, resigned, small
from tests.exchange.hubs import BOLAT, Hubs, own_card_of, released, run_lanes

#: Each byte of the whole bundle, and each value of it at each place: that takes minutes.
EVERY_BYTE: Final = bool(os.environ.get("EVERY_BYTE"))
_CHUNKS = 4
#: Within the quotes, but for their last characters, whose spare bits must be zero.
_LONG_TEXTS = re.compile(rb"[A-Za-z0-9_+/-]{60,}(?=[A-Za-z0-9_+/-]{4})")


def outcome(raw: bytes, anchors: Anchors) -> Outcome:
    """Return the verdict; what cannot even be read is no proof."""
    try:
        return verify_bundle(raw, anchors).outcome
    except IntegrityFailure:
        return Outcome.DISPROVEN


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One version to one recipient, one witness: the smallest life that is proven."""
    made = small(Hubs(folder=tmp_path_factory.mktemp("little")))
    yield made
    made.hubs.close()


@pytest.fixture(scope="module")
def least(little: World) -> tuple[bytes, Anchors]:
    raw, anchors = little.export(), little.anchors(witnesses=("sco-rats",))
    proven(raw, anchors)
    return raw, anchors


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_a_flipped_byte_is_never_proven(least: tuple[bytes, Anchors]) -> None:
    raw, anchors = least
    for at in range(0, len(raw), 331):
        assert outcome(flipped(raw, at), anchors) is not Outcome.PROVEN, at


def spots(raw: bytes) -> Iterator[int]:
    """Yield where every byte lies; within long texts of base64, which repeat one structure, every 7th."""
    at = 0
    for text in _LONG_TEXTS.finditer(raw):
        yield from range(at, text.start())
        yield from range(text.start(), text.end(), 1 if EVERY_BYTE else 7)
        at = text.end()
    yield from range(at, len(raw))


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_no_flipped_byte_is_ever_proven(least: tuple[bytes, Anchors], chunk: int) -> None:
    raw, anchors = least
    for at in [at for at in spots(raw) if at % _CHUNKS == chunk]:
        assert outcome(flipped(raw, at), anchors) is not Outcome.PROVEN, at


@pytest.mark.parametrize("change", [b"", b" ", b"\n", b"\0", b"{}"])
def test_nothing_is_added_before_or_after(least: tuple[bytes, Anchors], change: bytes) -> None:
    raw, anchors = least
    for changed in {raw + change, change + raw} - {raw}:
        assert outcome(changed, anchors) is not Outcome.PROVEN
    assert outcome(raw[:-1], anchors) is not Outcome.PROVEN
    assert outcome(b"", anchors) is not Outcome.PROVEN


# What a lying exporter may say in its own name: its signature alone covers it, and a verdict says so.
_ITS_OWN = {"exported_at", "exported_by", "justification"}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every text and number of a document."""
    if isinstance(value, (dict, list)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, below in pairs:
            yield from places(below, (*path, name))
    else:
        yield path


def altered(value: Any, at: int) -> Any:
    if isinstance(value, int):
        return value + 1
    if value is None:
        return "something"
    spot = at % len(value) if value else 0
    old = value[spot : spot + 1]
    new = "A" if old != "A" else "B"
    return value[:spot] + new + value[spot + 1 :]


def lies(raw: bytes, broker: Broker, path: tuple[Any, ...], at: int) -> bytes:
    """Return the bundle with one value altered and signed again by its exporter."""
    document = json.loads(raw)["bundle"]
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = altered(inner[path[-1]], at)
    signed = json.loads(
        sign_jws(canonical(document), typ=EVIDENCE_TYPE, keys=broker.keyring.signing(), suite=Suite.HYBRID_1)
    )
    return canonical({"bundle": document, "signatures": signed["signatures"]})


def every_place(raw: bytes) -> list[tuple[Any, ...]]:
    return [
        path for path in places(json.loads(raw)["bundle"]) if path[0] not in _ITS_OWN and path[0] != "format"
    ]


def test_no_value_that_its_exporter_altered_is_proven(little: World, least: tuple[bytes, Anchors]) -> None:
    raw, anchors = least
    every = every_place(raw)
    assert len(every) > 60
    for path in every[::3]:
        assert outcome(lies(raw, little.ours, path, 5), anchors) is not Outcome.PROVEN, path


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, -1, 7, 40, 99, 1234])
def test_no_character_that_its_exporter_altered_is_proven(
    little: World, least: tuple[bytes, Anchors], at: int
) -> None:
    raw, anchors = least
    for path in every_place(raw):
        assert outcome(lies(raw, little.ours, path, at), anchors) is not Outcome.PROVEN, (path, at)


def verdict_on(
    world: World, raw: bytes, change: Callable[[Bundle], Bundle], anchors: Anchors | None = None
) -> Verdict:
    return verify_bundle(resigned(raw, world.ours, change), anchors or world.anchors())


@pytest.mark.parametrize(
    ("act", "missing"),
    [
        (Act.RELEASED, "envelope-not-in-log"),
        (Act.DRAFTED, "author-not-shown"),
        (Act.RECEIPT_VERIFIED, "receipt-not-in-log"),
        (Act.PARTNER_CHANGED, "pin-not-shown"),
    ],
)
def test_entries_that_were_left_out_are_missed(world: World, bundle: bytes, act: Act, missing: str) -> None:
    def drop(whole: Bundle) -> Bundle:
        kept = tuple(
            entry
            for entry in whole.entries
            if not any(one.field == "act" and one.value == act.value for one in entry.disclosed)
        )
        assert len(kept) < len(whole.entries)
        return replace(whole, entries=kept)

    verdict = verdict_on(world, bundle, drop)
    assert verdict.outcome is Outcome.INCOMPLETE
    assert missing in keys_of(verdict, Standing.NOT_SHOWN)


def test_receipts_and_envelopes_that_were_left_out_are_missed(world: World, bundle: bytes) -> None:
    fewer = verdict_on(world, bundle, lambda b: replace(b, receipts=b.receipts[1:]))
    assert "receipt-left-out" in keys_of(fewer, Standing.NOT_SHOWN)
    alone = verdict_on(world, bundle, lambda b: replace(b, envelopes=b.envelopes[:1]))
    assert alone.outcome is Outcome.DISPROVEN
    assert "envelope-left-out" in keys_of(alone, Standing.NOT_SHOWN)


def test_entries_in_another_order_or_twice_are_disproven(world: World, bundle: bytes) -> None:
    for change in (
        lambda b: replace(b, entries=tuple(reversed(b.entries))),
        lambda b: replace(b, entries=(*b.entries, b.entries[-1])),
    ):
        verdict = verdict_on(world, bundle, change)
        assert "entry-false" in keys_of(verdict, Standing.DISPROVEN)


def test_what_an_entry_says_cannot_be_exchanged(world: World, bundle: bytes) -> None:
    def swap(whole: Bundle) -> Bundle:
        first, second, *rest = whole.entries
        return replace(
            whole,
            entries=(
                replace(first, disclosed=second.disclosed),
                replace(second, disclosed=first.disclosed),
                *rest,
            ),
        )

    assert "entry-false" in keys_of(verdict_on(world, bundle, swap), Standing.DISPROVEN)


def test_a_cosignature_of_another_checkpoint_is_disproven(world: World, bundle: bytes) -> None:
    def replay(whole: Bundle) -> Bundle:
        *before, last = whole.checkpoints
        return replace(
            whole, checkpoints=(*before, replace(last, cosignatures=whole.checkpoints[0].cosignatures))
        )

    verdict = verdict_on(world, bundle, replay)
    (finding,) = verdict.of(Standing.DISPROVEN)
    assert (finding.key, finding.code) == ("checkpoint-false", "cosignature-invalid")


def test_a_rolled_back_log_is_disproven(world: World, bundle: bytes) -> None:
    def roll_back(whole: Bundle) -> Bundle:
        # The old checkpoint for everything: the younger entries are not in that tree.
        only = whole.checkpoints[:1]
        return replace(
            whole, checkpoints=only, entries=tuple(replace(one, checkpoint=0) for one in whole.entries)
        )

    assert "entry-false" in keys_of(verdict_on(world, bundle, roll_back), Standing.DISPROVEN)


def test_checkpoints_in_another_order_are_disproven(world: World, bundle: bytes) -> None:
    verdict = verdict_on(world, bundle, lambda b: replace(b, checkpoints=tuple(reversed(b.checkpoints))))
    assert verdict.outcome is Outcome.DISPROVEN


def forked(world: World, *, cosigned: bool) -> CheckpointPart:
    """Return a checkpoint of another history that the log's own keys signed, and maybe a witness too."""
    broker = world.ours
    with broker.store.read() as view:
        row = view.log.checkpoint()
        assert row is not None
        first = view.log.checkpoint(1)
        assert first is not None
        proof = consistency_proof(first.size, row.size, view.log.tile)
    at = broker.clock.now()
    head = Checkpoint(origin="kz-knb/log", size=row.size + 5, root=bytes(32))
    note = sign_checkpoint(head, broker.keyring.log_signers(), at)
    signers = world.hubs.network.brokers["sco-rats"].keyring.witness_signers()
    lines = "".join(one.line for one in cosign(read_note(note), signers, at)) if cosigned else ""
    return CheckpointPart(note=note.decode(), cosignatures=lines, consistency=proof, timestamps=())


@pytest.mark.parametrize("cosigned", [False, True])
def test_a_fork_is_disproven_whoever_cosigned_it(world: World, bundle: bytes, cosigned: bool) -> None:
    verdict = verdict_on(
        world, bundle, lambda b: replace(b, checkpoints=(*b.checkpoints, forked(world, cosigned=cosigned)))
    )
    (finding,) = verdict.of(Standing.DISPROVEN)
    assert (finding.key, finding.code) == ("checkpoint-false", "log-inconsistent")


def test_a_quorum_that_is_not_there_is_incomplete(world: World, bundle: bytes) -> None:
    def without(whole: Bundle) -> Bundle:
        return replace(whole, checkpoints=tuple(replace(one, cosignatures="") for one in whole.checkpoints))

    verdict = verdict_on(world, bundle, without)
    assert verdict.outcome is Outcome.INCOMPLETE
    assert "quorum-missing" in keys_of(verdict, Standing.NOT_SHOWN)
    asked = verify_bundle(bundle, world.anchors(needed=2))
    assert asked.outcome is Outcome.PROVEN
    # Its own witness is no other party: three of three can never be met by two others.
    more = verify_bundle(
        bundle,
        world.anchors(
            needed=3,
            witnesses=(
                "cis-atc",
                "kz-knb",
                "sco-rats",
            ),
        ),
    )
    assert more.outcome is Outcome.INCOMPLETE


def test_another_card_of_a_partner_is_not_the_pinned_one(world: World, bundle: bytes) -> None:
    other = own_card_of(world.hubs.network.brokers["cis-atc"], pulls=True).decode()
    verdict = verdict_on(world, bundle, lambda b: replace(b, cards=(CardPart(agency="cis-atc", card=other),)))
    assert "card-not-shown" in keys_of(verdict, Standing.NOT_SHOWN)
    stranger = own_card_of(world.hubs.network.brokers["sco-rats"]).decode()
    swapped = verdict_on(
        world, bundle, lambda b: replace(b, cards=(CardPart(agency="cis-atc", card=stranger),))
    )
    assert "card-false" in keys_of(swapped, Standing.DISPROVEN)


def test_a_receipt_of_another_record_is_disproven(world: World, bundle: bytes) -> None:
    row = released(world.ours, "cis-atc")
    run_lanes(world.ours)
    with world.ours.store.read() as view:
        (other,) = view.receipts.of_record(row.record_id)
    verdict = verdict_on(world, bundle, lambda b: replace(b, receipts=(*b.receipts, other.raw.decode())))
    (finding,) = verdict.of(Standing.DISPROVEN)
    assert (finding.key, finding.code) == ("receipt-false", "receipt-invalid")


def test_entries_of_another_record_are_disproven(hubs: Hubs) -> None:
    world = small(hubs)
    first, world.record_id = world.record_id, released(world.ours, "cis-atc").record_id
    run_lanes(world.ours)
    theirs = read_bundle(world.export()).bundle
    world.record_id = first
    raw = world.export()
    ours = read_bundle(raw).bundle
    final = theirs.checkpoints[-1]
    both = replace(
        ours,
        checkpoints=(replace(final, consistency=()),),
        entries=tuple(replace(one, checkpoint=0) for one in theirs.entries),
    )
    verdict = verdict_on(world, raw, lambda _b: both, world.anchors(witnesses=("sco-rats",)))
    assert "entry-of-another" in keys_of(verdict, Standing.DISPROVEN)


@pytest.mark.parametrize("field", ["act", "actor", "at", "details", "subject"])
def test_an_entry_hides_no_more_than_its_reason(world: World, bundle: bytes, field: str) -> None:
    """Without its subject, the release of another record could stand in for this one's."""
    entry = read_bundle(bundle).bundle.entries[0]
    with pytest.raises(ValueError, match="withholds"):
        replace(entry, disclosed=tuple(one for one in entry.disclosed if one.field != field))


def test_another_exporter_does_not_pass_it_off_as_its_own(world: World, bundle: bytes) -> None:
    thief = world.hubs.network.brokers["sco-rats"]
    raw = resigned(bundle, thief, lambda b: replace(b, exporter="sco-rats"))
    verdict = verify_bundle(raw, world.anchors())
    assert keys_of(verdict, Standing.DISPROVEN) == {"log-of-another"}
    renamed = resigned(bundle, thief, lambda b: replace(b, exporter="sco-rats", origin="sco-rats/log"))
    assert verify_bundle(renamed, world.anchors()).outcome is Outcome.DISPROVEN


def test_keys_that_only_the_bundle_brings_do_not_count(world: World, bundle: bytes, hubs: Hubs) -> None:
    """A whole invented world, as true in itself as ours, proves nothing to those who trust ours."""
    invented = play(hubs)
    raw = invented.export()
    proven(raw, invented.anchors())
    verdict = verify_bundle(raw, world.anchors())
    assert verdict.outcome is Outcome.INCOMPLETE
    assert keys_of(verdict, Standing.NOT_SHOWN) == {"exporter-key-unknown"}
    assert not verdict.signatures
    nobody = replace(world.anchors(), agencies={}, witnesses=(), needed=0)
    assert keys_of(verify_bundle(bundle, nobody), Standing.NOT_SHOWN) == {"exporter-unknown"}


def test_anchors_without_a_recipient_or_a_log_leave_it_open(world: World, bundle: bytes) -> None:
    anchors = world.anchors(needed=0, witnesses=())
    agencies = dict(anchors.agencies)
    del agencies["cis-atc"]
    fewer = verify_bundle(bundle, replace(anchors, agencies=agencies))
    assert "receipt-unknown-key" in keys_of(fewer, Standing.NOT_SHOWN)
    blind = dict(anchors.agencies) | {"kz-knb": replace(anchors.agencies["kz-knb"], log_keys=())}
    assert "log-keys-unknown" in keys_of(
        verify_bundle(bundle, replace(anchors, agencies=blind)), Standing.NOT_SHOWN
    )


def test_a_weaker_suite_of_the_exporter_is_disproven(world: World, bundle: bytes) -> None:
    weak = write_bundle(read_bundle(bundle).bundle, world.ours.keyring.signing(), Suite.CLASSIC_1)
    verdict = verify_bundle(weak, world.anchors())
    (finding,) = verdict.of(Standing.DISPROVEN)
    assert (finding.key, finding.code) == ("exporter-signature-false", "suite-not-allowed")


def test_one_who_wrote_and_released_is_found_out(hubs: Hubs) -> None:
    world = small(hubs)
    with world.ours.store.work() as work:
        at = world.ours.clock.now()
        work.stage([world.ours.event(Act.REVISED, BOLAT, world.record_id, at, version="1")])
        work.commit()
    verdict = verify_bundle(world.export(), world.anchors(witnesses=("sco-rats",)))
    assert "released-by-author" in keys_of(verdict, Standing.DISPROVEN)


def test_a_database_that_was_tampered_with_exports_nothing_that_is_proven(hubs: Hubs) -> None:
    """What the log committed to is not what the table now says: the leaf, not the row, is evidence."""
    world = small(hubs)
    raw = world.export()
    whole = read_bundle(raw).bundle
    forged = tuple(
        replace(
            entry,
            disclosed=tuple(
                replace(one, value=one.value | {"id": "dana"}) if one.field == "actor" else one  # type: ignore[operator]
                for one in entry.disclosed
            ),
        )
        for entry in whole.entries
    )
    verdict = verdict_on(
        world, raw, lambda b: replace(b, entries=forged), world.anchors(witnesses=("sco-rats",))
    )
    assert {one.code for one in verdict.of(Standing.DISPROVEN)} == {"log-commitment-mismatch"}
