"""The log against implementations that share nothing with it, whole and tampered."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.audit.checkpoints import Checkpoint, cosign, read_checkpoint, sign_checkpoint
from hub.audit.leaves import leaf_entry
from hub.audit.notes import NoteKey, read_note
from hub.audit.tiles import consistency_proof, inclusion_proof, root_of
from hub.exchange.keys.log_keys import begin_log_keys, end_log_keys
from hub.exchange.log.publishing import publish
from hub.records.ids import new_id
from keys.log_keys import log_signers as agency_log_signers
from tests.audit import naive
from tests.audit.filing import Filed
from tests.audit.signing import NOW, keys, log_signers, witness_signers
from tests.audit.test_leaves import EVENT
from tests.audit.test_vectors import ACCEPT, REJECT, raw
from tests.exchange.hubs import CUSTODIAN, Hubs, LooseKeyring, key_set
from tests.exchange.log.logs import signed as sign_log
from tests.interop.sumdb import GoRefused, Opened, Sumdb, checkpoint, consistency, inclusion, rebuild

LOG = log_signers()
WITNESSES = ("cis-atc/witness", "kz-mvd/witness")
KEYS = [*keys(LOG), *(key for name in WITNESSES for key in keys(witness_signers(name)))]
SIZES = (1, 2, 3, 255, 256, 257, 600)
LARGE = 66_000


class Grown:
    """A log of 600 leaves, with a cosigned checkpoint of every size in SIZES."""

    def __init__(self) -> None:
        self.filed = Filed()
        self.entries = [leaf_entry(replace(EVENT, event_id=new_id())) for _ in range(SIZES[-1])]
        size = 0
        for end in SIZES:
            self.filed.grow(self.entries[size:end])
            size = end
        self.notes = {size: note(self.filed, size) for size in SIZES}


def note(filed: Filed, size: int) -> bytes:
    head = Checkpoint(origin="kz-knb/log", size=size, root=root_of(size, filed.read))
    signed = read_note(sign_checkpoint(head, LOG, NOW))
    return signed.with_signatures(
        line for name in WITNESSES for line in cosign(signed, witness_signers(name), NOW)
    ).as_bytes()


@pytest.fixture(scope="module")
def grown() -> Grown:
    return Grown()


@pytest.fixture(scope="session")
def sumdb(tmp_path_factory: pytest.TempPathFactory) -> Sumdb:
    return Sumdb(tmp_path_factory.mktemp("go"))


def write(filed: Filed, folder: Path) -> None:
    for path, data in filed.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def all_refused(answers: list[Opened | GoRefused]) -> bool:
    return all(isinstance(answer, GoRefused) for answer in answers)


@pytest.mark.slow
def test_go_opens_checkpoints_and_every_kind_of_signature_under_them(sumdb: Sumdb, grown: Grown) -> None:
    answers = sumdb.ask([checkpoint(raw, KEYS) for raw in grown.notes.values()])
    for size, answer in zip(grown.notes, answers, strict=True):
        assert isinstance(answer, Opened), answer
        assert (answer.size, answer.root) == (size, root_of(size, grown.filed.read))
        assert sorted(answer.signed) == sorted(f"{key.name}+{key.key_id.hex()}" for key in KEYS)
        # The log's note signature states no time; all others do.
        assert answer.times == (0, *[int(NOW.timestamp())] * 5)


@pytest.mark.slow
def test_go_refuses_altered_checkpoints(sumdb: Sumdb, grown: Grown) -> None:
    whole = read_note(grown.notes[600])
    altered = [
        replace(whole, text=whole.text.replace("600", "601")),
        replace(whole, text=whole.text.replace("kz-knb", "kz-mvd")),
        replace(whole, text=read_note(grown.notes[257]).text),
    ]
    for at, line in enumerate(whole.signatures):
        rest = whole.signatures[:at], whole.signatures[at + 1 :]
        altered.append(replace(whole, signatures=(*rest[0], *rest[1])))
        for place in (0, 7, len(line.raw) // 2, len(line.raw) - 1):
            raw = line.raw[:place] + bytes([line.raw[place] ^ 1]) + line.raw[place + 1 :]
            altered.append(replace(whole, signatures=(*rest[0], replace(line, raw=raw), *rest[1])))
    raws = [one.as_bytes() for one in altered]
    raw = grown.notes[600]
    raws += [raw[:at] + bytes([raw[at] ^ 2]) + raw[at + 1 :] for at in range(len(whole.text) + 40)]
    assert all_refused(sumdb.ask([checkpoint(one, KEYS) for one in raws]))


@pytest.mark.slow
def test_go_accepts_our_proofs_and_refuses_altered_ones(sumdb: Sumdb, grown: Grown) -> None:
    read, notes = grown.filed.read, grown.notes
    sound, altered = [], []
    for size in SIZES:
        for index in sorted({0, 1, size // 2, 255, 256, size - 1}):
            if index >= size:
                continue
            proof = inclusion_proof(index, size, read)
            entry = grown.entries[index]
            sound.append(inclusion(notes[size], KEYS, index, entry, proof))
            altered += [inclusion(notes[size], KEYS, index, entry + b" ", proof)]
            altered += [inclusion(notes[size], KEYS, index, entry, one) for one in changed(proof)]
    for old, size in product(SIZES, SIZES):
        if old > size:
            continue
        proof = consistency_proof(old, size, read)
        sound.append(consistency(notes[old], notes[size], KEYS, proof))
        altered += [consistency(notes[old], notes[size], KEYS, one) for one in changed(proof)]
        if old != size:
            altered += [consistency(notes[size], notes[old], KEYS, proof)]
    answers = sumdb.ask(sound)
    assert all(isinstance(answer, Opened) for answer in answers), answers
    assert all_refused(sumdb.ask(altered))


def changed(proof: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """Return the proof with each hash altered, with each left out, and with one more."""
    for at, one in enumerate(proof):
        yield (*proof[:at], bytes([one[0] ^ 1]) + one[1:], *proof[at + 1 :])
        yield (*proof[:at], *proof[at + 1 :])
    yield (*proof, bytes(32))


@pytest.mark.slow
def test_go_rebuilds_the_tree_from_tiles_and_bundles(sumdb: Sumdb, grown: Grown, tmp_path: Path) -> None:
    write(grown.filed, tmp_path)
    answers = sumdb.ask([rebuild(raw, KEYS, tmp_path) for raw in grown.notes.values()])
    assert all(isinstance(answer, Opened) for answer in answers), answers


@pytest.mark.slow
def test_go_rebuilds_a_tree_of_three_levels(sumdb: Sumdb, tmp_path: Path) -> None:
    filed = Filed()
    filed.grow(naive.entries(LARGE))
    write(filed, tmp_path)
    (answer,) = sumdb.ask([rebuild(note(filed, LARGE), KEYS, tmp_path)])
    assert isinstance(answer, Opened), answer
    assert (answer.size, answer.root) == (LARGE, root_of(LARGE, filed.read))


@pytest.mark.slow
def test_go_rebuilds_the_log_that_a_hub_published(sumdb: Sumdb, tmp_path: Path) -> None:
    hubs = Hubs(folder=tmp_path)
    broker = hubs.add("kz-knb")
    folder = tmp_path / "published"
    pinned, notes = keys([*broker.keyring.log_signers()]), []
    for number in (1, 255, 300, 2):
        notes.append(sign_log(broker, number).note)
        assert publish(broker.store, folder)
        (answer,) = sumdb.ask([rebuild((folder / "checkpoint").read_bytes(), pinned, folder)])
        assert isinstance(answer, Opened), answer
    with broker.store.read() as view:
        proofs = [consistency_proof(old, 558, view.log.tile) for old in (1, 256, 556, 558)]
        index, way = 300, inclusion_proof(300, 558, view.log.tile)
        (entry,) = view.log.entries(index, 1)
    hubs.close()
    asked = [consistency(old, notes[-1], pinned, proof) for old, proof in zip(notes, proofs, strict=True)]
    answers = sumdb.ask([*asked, inclusion(notes[-1], pinned, index, entry.leaf, way)])
    assert all(isinstance(answer, Opened) for answer in answers), answers


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def swap(path: Path) -> None:
    """Put the second file of its kind in the place of the first."""
    path.write_bytes(path.with_name("001").read_bytes())


SPOILT = [
    *product(
        ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/88"],
        [flip, cut, Path.unlink],
    ),
    ("tile/0/000", swap),
    ("tile/entries/000", swap),
]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "spoil"), SPOILT)
def test_go_refuses_altered_tiles_and_bundles(
    sumdb: Sumdb, grown: Grown, tmp_path: Path, path: str, spoil: Callable[[Path], None]
) -> None:
    write(grown.filed, tmp_path)
    spoil(tmp_path / path)
    (answer,) = sumdb.ask([rebuild(grown.notes[600], KEYS, tmp_path)])
    assert isinstance(answer, GoRefused)


#: Vectors that Go takes and C2SP leaves to the reader: how many signatures are too many.
LENIENT = {"65 signatures"}


def of_vector(vector: dict[str, Any]) -> dict[str, Any]:
    if vector["kind"] == "checkpoint":
        return checkpoint(raw(vector, "note"), [*map(NoteKey.parse, vector["keys"])])
    told: dict[str, Any] = {name.replace("_", ""): value for name, value in vector.items()}
    if "entry" in vector:
        told["entry"] = b64encode(raw(vector, "entry")).decode()
    return {**told, "step": vector["kind"]}


@pytest.mark.slow
def test_go_judges_the_vectors_as_we_do(sumdb: Sumdb) -> None:
    kinds = {"checkpoint", "inclusion", "consistency"}
    # tlog has no proofs from the empty tree, which go without hashes.
    accept, reject = (
        [one for one in every if one["kind"] in kinds and one.get("old_size") != 0]
        for every in (ACCEPT, REJECT)
    )
    for vector, answer in zip(accept, sumdb.ask([*map(of_vector, accept)]), strict=True):
        assert isinstance(answer, Opened), (vector["name"], answer)
    for vector, answer in zip(reject, sumdb.ask([*map(of_vector, reject)]), strict=True):
        assert isinstance(answer, GoRefused) is (vector["name"] not in LENIENT), (vector["name"], answer)


@pytest.fixture
def openssl() -> str:
    found = shutil.which("openssl")
    assert found is not None, "the machine has no openssl: what it must agree with cannot be checked"
    return found


def test_openssl_verifies_the_log_signature(openssl: str, grown: Grown, tmp_path: Path) -> None:
    signed = read_note(grown.notes[600])
    public = Ed25519PublicKey.from_public_bytes(LOG[0].key.public)
    (tmp_path / "key.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "text").write_text(signed.text, encoding="utf-8")
    (tmp_path / "signature").write_bytes(signed.signatures[0].raw)
    files = ["-inkey", "key.pem", "-in", "text", "-sigfile", "signature"]
    told = ["pkeyutl", "-verify", "-pubin", "-rawin", *files]
    done = subprocess.run([openssl, *told], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Signature Verified Successfully"), done.stderr
    flip(tmp_path / "text")
    done = subprocess.run([openssl, *told], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1


@pytest.mark.slow
def test_go_opens_checkpoints_of_each_epoch_and_those_that_both_sets_of_keys_signed(
    sumdb: Sumdb, tmp_path: Path
) -> None:
    hubs = Hubs(folder=tmp_path)
    broker = hubs.add("kz-knb")
    assert isinstance(broker.keyring, LooseKeyring)
    old = keys([*broker.keyring.log_signers()])
    notes = [sign_log(broker, 3).note]
    later = agency_log_signers("kz-knb", ed25519=b"n" * 32, ml_dsa_44=b"n" * 32)
    broker.keyring.later_log_sets = (key_set(later),)
    new = keys([*later])
    begin_log_keys(broker, CUSTODIAN)
    with broker.store.read() as view:
        switch = view.log.checkpoint()
    assert switch is not None
    notes += [switch.note, sign_log(broker, 2).note]
    end_log_keys(broker, CUSTODIAN)
    notes.append(sign_log(broker, 2).note)
    sizes = [read_checkpoint(read_note(one)).size for one in notes]
    with broker.store.read() as view:
        proofs = [
            consistency_proof(first, second, view.log.tile) for first, second in itertools.pairwise(sizes)
        ]
    folder = tmp_path / "published"
    publish(broker.store, folder)
    hubs.close()
    both = [*old, *new]
    sound = [
        checkpoint(notes[0], old),
        checkpoint(notes[1], both),
        checkpoint(notes[2], both),
        checkpoint(notes[3], new),
        consistency(notes[0], notes[1], old, proofs[0]),
        consistency(notes[1], notes[2], both, proofs[1]),
        consistency(notes[2], notes[3], new, proofs[2]),
        rebuild((folder / "checkpoint").read_bytes(), new, folder),
    ]
    answers = sumdb.ask(sound)
    assert all(isinstance(answer, Opened) for answer in answers), answers
    assert all_refused(sumdb.ask([checkpoint(notes[0], new), checkpoint(notes[3], old)]))
