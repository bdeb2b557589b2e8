"""The keys of a log and of a witness: two algorithms each, none of them shared."""

from __future__ import annotations

import os
from pathlib import Path

from hub.audit.notes import NoteAlgorithm, NoteKey
from keys.changes import KeyChanges
from keys.log_keys import log_signers, witness_signers
from tests.keys.stores import NOW, copied, opened
from tests.transport.agencies import keyring


def test_a_log_signs_with_a_classical_and_a_post_quantum_key() -> None:
    one, other = log_signers("kz-knb", ed25519=os.urandom(32), ml_dsa_44=os.urandom(32))
    assert (one.key.name, one.key.algorithm) == ("kz-knb/log", NoteAlgorithm.ED25519)
    assert (other.key.name, other.key.algorithm) == ("kz-knb/log", NoteAlgorithm.COSIGNATURE_ML_DSA_44)


def test_a_witness_signs_with_both_kinds_of_cosignature() -> None:
    one, other = witness_signers("kz-knb", ed25519=os.urandom(32), ml_dsa_44=os.urandom(32))
    assert (one.key.name, one.key.algorithm) == ("kz-knb/witness", NoteAlgorithm.COSIGNATURE_ED25519)
    assert (other.key.name, other.key.algorithm) == ("kz-knb/witness", NoteAlgorithm.COSIGNATURE_ML_DSA_44)


def test_the_same_seeds_give_the_same_keys() -> None:
    seeds = {"ed25519": b"1" * 32, "ml_dsa_44": b"2" * 32}
    assert [s.key for s in log_signers("kz-knb", **seeds)] == [s.key for s in log_signers("kz-knb", **seeds)]


def test_log_and_witness_share_no_key() -> None:
    signers = (*keyring("kz-knb").log_signers(), *keyring("kz-knb").witness_signers())
    assert len({signer.key.public for signer in signers}) == 4


def test_a_key_reads_back_from_its_verifier_key() -> None:
    for signer in keyring("kz-knb").log_signers():
        assert NoteKey.parse(signer.key.vkey) == signer.key


def test_a_signer_does_not_show_its_key() -> None:
    signer = log_signers("kz-knb", ed25519=b"1" * 32, ml_dsa_44=b"2" * 32)[0]
    assert "private" not in repr(signer)


def test_a_set_that_another_process_made_is_known_at_once(tmp_path: Path) -> None:
    """The log's tables may name it a moment later, and a second is too long to wait then."""
    store = copied(tmp_path)
    serving, command = opened(store), KeyChanges(opened(store))
    assert len(serving.log_key_sets()) == 1
    command.make_next("log-ed25519", at=NOW)
    assert len(serving.log_key_sets()) == 1  # its fellow is not made yet
    command.make_next("log-ml-dsa-44", at=NOW)
    assert len(serving.log_key_sets()) == 2
    assert serving.log_signers() == serving.log_key_sets()[0].signers


def test_a_retired_set_stays_on_record_without_its_private_halves(tmp_path: Path) -> None:
    store = copied(tmp_path)
    keyring = opened(store)
    changes = KeyChanges(keyring)
    before = keyring.witness_key_sets()[0]
    for purpose in ("witness-ed25519", "witness-ml-dsa-44"):
        changes.make_next(purpose, at=NOW)
    assert len(keyring.witness_signers()) == 4
    for purpose in ("witness-ed25519", "witness-ml-dsa-44"):
        changes.switch(purpose, at=NOW)
    for key in changes.inventory():
        if key.state == "kept":
            changes.retire(key.key_id, at=NOW)
    old, fresh = opened(store).witness_key_sets()
    assert (old.keys, old.signers, old.until) == (before.keys, (), NOW)
    assert fresh.until is None
    assert tuple(signer.key for signer in keyring.witness_signers()) == fresh.keys
