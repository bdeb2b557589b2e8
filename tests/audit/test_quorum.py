"""The quorum: each witness counts once, with all its keys, at one time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.audit.checkpoints import cosign
from hub.audit.notes import NoteAlgorithm
from hub.audit.quorum import Quorum, weigh
from hub.errors import IntegrityFailure
from tests.audit.signing import NOW, cosigned, keys, signer, witness_signers

NAMES = ("cis-atc/witness", "kz-mvd/witness", "sco-rats/witness")
QUORUM = Quorum(needed=2, witnesses={name: keys(witness_signers(name)) for name in NAMES})


@pytest.mark.parametrize("count", range(4))
def test_quorum_is_met_by_as_many_witnesses_as_are_needed(count: int) -> None:
    verdict = weigh(QUORUM, cosigned(*NAMES[:count]))
    assert verdict.met is (count >= 2)
    assert dict(verdict.cosigned) == dict.fromkeys(NAMES[:count], NOW)
    assert verdict.missing == NAMES[count:]


def test_strangers_and_repeats_do_not_count() -> None:
    once = cosigned(NAMES[0], "de-bka/witness")
    again = once.with_signatures(cosign(once, witness_signers(NAMES[0]), NOW + timedelta(seconds=5)))
    verdict = weigh(QUORUM, again)
    assert not verdict.met
    assert dict(verdict.cosigned) == {NAMES[0]: NOW}


@pytest.mark.parametrize("kept", [0, 1])
def test_witness_with_two_pinned_keys_counts_only_with_both(kept: int) -> None:
    note = cosigned()
    some = [cosign(note, witness_signers(name), NOW)[kept] for name in NAMES]
    assert weigh(QUORUM, note.with_signatures(some)).missing == NAMES


def test_two_keys_that_state_different_times_agree_on_none() -> None:
    note = cosigned(NAMES[1])
    ed25519, ml_dsa_44 = witness_signers(NAMES[0])
    split = note.with_signatures(
        [*cosign(note, [ed25519], NOW), *cosign(note, [ml_dsa_44], NOW + timedelta(seconds=1))]
    )
    assert weigh(QUORUM, split).missing == (NAMES[0], NAMES[2])


def test_witness_with_one_pinned_key_counts_with_that() -> None:
    name = NAMES[0]
    classical = witness_signers(name)[:1]
    quorum = Quorum(needed=1, witnesses={name: keys(classical)})
    note = cosigned()
    assert weigh(quorum, note.with_signatures(cosign(note, classical, NOW))).met


def test_forged_cosignature_spoils_the_checkpoint() -> None:
    note = cosigned(*NAMES)
    forged = replace(note.signatures[-1], raw=bytes(2428))
    with pytest.raises(IntegrityFailure) as refused:
        weigh(QUORUM, note.with_signatures([forged]))
    assert refused.value.code == "cosignature-invalid"


def test_no_witness_is_enough_where_none_is_needed() -> None:
    verdict = weigh(Quorum(needed=0, witnesses={}), cosigned())
    assert (verdict.met, verdict.missing) == (True, ())


def test_impossible_quorum_is_not_made() -> None:
    one, other = NAMES[:2]
    shared = signer(one, NoteAlgorithm.COSIGNATURE_ED25519).key
    for needed, witnesses in (
        (-1, {}),
        (1, {}),
        (4, dict(QUORUM.witnesses)),
        (1, {one: ()}),
        (1, {one: keys(witness_signers(other))}),
        (1, {one: keys([signer(one, NoteAlgorithm.ED25519)])}),
        (1, {one: (shared, shared)}),
        (1, {one: (shared,), other: (replace(shared, name=other),)}),
    ):
        with pytest.raises(ValueError):
            Quorum(needed=needed, witnesses=witnesses)
