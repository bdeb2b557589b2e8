"""The keys of a log and of a witness: two algorithms each, none of them shared."""

from __future__ import annotations

import os

from hub.audit.notes import NoteAlgorithm, NoteKey
from keys.log_keys import log_signers, witness_signers
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
