"""Write the test vectors of docs/log.md: `python -m tests.audit.make_vectors`.

Keys and entries are fixed; ML-DSA-44 signatures are fresh, so each run writes other bytes that mean the
same. The committed files are what counts: tests/audit/test_vectors.py runs those, and tests/interop gives
them to Go.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hub.audit.checkpoints import Checkpoint, cosign, sign_checkpoint
from hub.audit.leaves import disclose, leaf_entry
from hub.audit.merkle import EMPTY_ROOT
from hub.audit.notes import Note, NoteAlgorithm, NoteSignature, read_note
from hub.audit.proofs import write_proof
from hub.audit.tiles import EntryTile, Tile, pack_entries
from tests.audit import naive
from tests.audit.signing import NOW, checkpoint, cosigned, keys, log_signers, signed, signer, witness_signers
from tests.audit.test_leaves import EVENT

FOLDER = Path(__file__).parent.parent / "vectors" / "log"
LOG = log_signers()
W1, W2, W3 = "cis-atc/witness", "kz-mvd/witness", "sco-rats/witness"
LOG_KEYS = [key.vkey for key in keys(LOG)]
W1_KEYS = [key.vkey for key in keys(witness_signers(W1))]
Vector = dict[str, Any]


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def vector(kind: str, name: str, **told: Any) -> Vector:
    """Return one vector; bytes are Base64, and a note or an entry is text where it is text."""
    made: Vector = {"kind": kind, "name": name}
    for key, value in told.items():
        if not isinstance(value, bytes):
            made[key] = value
            continue
        try:
            made[key] = value.decode("utf-8")
        except UnicodeDecodeError:
            made[f"{key}_base64"] = b64(value)
    return made


def leaves() -> tuple[list[Vector], list[Vector]]:
    """Return leaves with the whole event that they commit to, and what is no leaf of it."""
    entry = leaf_entry(EVENT)
    shown = [{"field": one.field, "value": one.value, "salt": b64(one.salt)} for one in disclose(EVENT)]
    without = leaf_entry(replace(EVENT, justification=None))
    accept = [
        vector(
            "leaf", "every field shown", entry=entry, event_salt=b64(EVENT.salt or b""), disclosures=shown
        ),
        vector("leaf", "one field shown", entry=entry, disclosures=shown[1:2]),
        vector("leaf", "nothing shown", entry=without, disclosures=[]),
        vector(
            "leaf",
            "no justification is null",
            entry=without,
            disclosures=[{**shown[4], "value": None}],
        ),
    ]
    spellings = {
        "empty": b"",
        "version 2": entry.replace(b'"v":1', b'"v":2'),
        "space": entry.replace(b",", b", ", 1),
        "member twice": entry.replace(b'"v":1', b'"v":1,"v":1'),
        "member more": entry.replace(b'"v":1', b'"v":1,"w":1'),
        "field missing": entry.replace(entry[entry.index(b'"act"') : entry.index(b'"actor"')], b""),
        "field of another name": entry.replace(b'"subject"', b'"sujet"'),
        "members not sorted": b'{"id"'
        + entry[entry.index(b',"id"') + 5 : -1]
        + b","
        + entry[1 : entry.index(b',"id"')]
        + b"}",
        "commitment padded": entry.replace(b'","actor', b'=","actor'),
        "commitment cut": entry.replace(b'","actor', b'","actor', 1).replace(entry[23:27], b"", 1),
        "id in capitals": entry.replace(EVENT.event_id.encode(), EVENT.event_id.upper().encode()),
        "newline after": entry + b"\n",
    }
    reject = [
        vector("leaf", name, entry=raw, disclosures=[], code="log-entry-invalid")
        for name, raw in spellings.items()
    ]
    wrong = {
        "another value": {**shown[0], "value": "answered"},
        "null for a value": {**shown[4], "value": None},
        "another salt": {**shown[0], "salt": b64(bytes(32))},
        "the salt of another field": {**shown[0], "salt": shown[1]["salt"]},
        "the salt of the event": {**shown[0], "salt": b64(EVENT.salt or b"")},
        "a value under another field": {**shown[0], "field": "subject"},
        "a role more": {
            **shown[1],
            "value": {**shown[1]["value"], "roles": ["auditor", "drafter", "reader"]},  # type: ignore[dict-item]
        },
        "another time": {**shown[2], "value": "2026-11-22T09:00:00Z"},
    }
    reject += [
        vector("leaf", name, entry=entry, disclosures=[one], code="log-commitment-mismatch")
        for name, one in wrong.items()
    ]
    return accept, reject


def notes() -> tuple[list[Vector], list[Vector]]:
    """Return signed checkpoints of a log with two pinned keys, and notes that prove nothing of it."""
    raw = signed()
    note = read_note(raw)
    ed25519, ml_dsa_44 = note.signatures
    head = checkpoint()

    def of(text: str, signatures: Sequence[NoteSignature] = note.signatures) -> bytes:
        return Note(text=text, signatures=tuple(signatures)).as_bytes()

    def by_log(text: str) -> bytes:
        """Sign a text that is no checkpoint with the log's Ed25519 key, whose signature is then good."""
        return of(text, [replace(ed25519, raw=LOG[0].sign(text.encode()))])

    lines = note.text.split("\n")
    accept = [
        vector("checkpoint", "both keys signed", note=raw, keys=LOG_KEYS, size=5, root=b64(head.root)),
        vector(
            "checkpoint",
            "cosigned too",
            note=cosigned(W1, W2).as_bytes(),
            keys=LOG_KEYS,
            size=5,
            root=b64(head.root),
        ),
        vector(
            "checkpoint",
            "an unknown key of the same name signed as well",
            note=sign_checkpoint(head, [signer("kz-knb/log", NoteAlgorithm.ED25519, "old"), *LOG], NOW),
            keys=LOG_KEYS,
            size=5,
            root=b64(head.root),
        ),
        vector("checkpoint", "one key pinned", note=raw, keys=LOG_KEYS[:1], size=5, root=b64(head.root)),
        vector(
            "checkpoint",
            "empty log",
            note=sign_checkpoint(Checkpoint(origin="kz-knb/log", size=0, root=EMPTY_ROOT), LOG, NOW),
            keys=LOG_KEYS,
            size=0,
            root=b64(EMPTY_ROOT),
        ),
    ]
    wrong: list[tuple[str, str, bytes]] = [
        ("note-invalid", "empty", b""),
        ("note-invalid", "no signature", note.text.encode() + b"\n"),
        ("note-invalid", "no empty line", raw.replace(b"\n\n", b"\n")),
        ("note-invalid", "last newline missing", raw[:-1]),
        ("note-invalid", "carriage returns", raw.replace(b"\n", b"\r\n")),
        ("note-invalid", "tab in the text", raw.replace(b"knb/log\n5", b"knb/log\t\n5")),
        ("note-invalid", "not UTF-8", raw.replace(b"kz-knb/log\n5", b"kz-\xff/log\n5")),
        ("note-invalid", "hyphen for the dash", raw.replace("—".encode(), b"-")),
        ("note-invalid", "two spaces before the signature", raw.replace(b"/log ", b"/log  ")),
        ("note-invalid", "plus in a name", raw.replace("— kz-knb".encode(), "— kz+knb".encode())),
        ("note-invalid", "padding missing", raw.replace(b"=\n\xe2", b"\n\xe2")),
        ("note-invalid", "key id and no signature", of(note.text)[: raw.index(b"/log ") + 5] + b"AAAAAA==\n"),
        ("note-invalid", "65 signatures", raw + "— kz-mvd/witness AAAAAAA=\n".encode() * 63),
        ("checkpoint-invalid", "size with a zero before it", by_log(note.text.replace("\n5\n", "\n05\n"))),
        ("checkpoint-invalid", "size with a sign", by_log(note.text.replace("\n5\n", "\n+5\n"))),
        ("checkpoint-invalid", "size in Arabic digits", by_log(note.text.replace("\n5\n", "\n٥\n"))),
        ("checkpoint-invalid", "size of 2^63", by_log(note.text.replace("\n5\n", f"\n{2**63}\n"))),
        ("checkpoint-invalid", "root of 31 bytes", by_log("\n".join([*lines[:2], b64(bytes(31)), ""]))),
        ("checkpoint-invalid", "root with spare bits", by_log(note.text.replace(lines[2], "A" * 42 + "B="))),
        ("checkpoint-invalid", "empty origin", by_log(note.text.replace("kz-knb/log\n", "\n"))),
        ("checkpoint-invalid", "two lines", by_log("\n".join([*lines[:2], ""]))),
        ("checkpoint-origin-mismatch", "another log's", signed(origin="kz-mvd/log")),
        (
            "checkpoint-origin-mismatch",
            "another origin, our key",
            by_log(note.text.replace("kz-knb/log", "kz-mvd/log")),
        ),
        ("checkpoint-signature-invalid", "Ed25519 missing", of(note.text, [ml_dsa_44])),
        ("checkpoint-signature-invalid", "ML-DSA-44 missing", of(note.text, [ed25519])),
        ("checkpoint-signature-invalid", "only witnesses signed", of(note.text, cosigned(W1).signatures[2:])),
        (
            "checkpoint-signature-invalid",
            "Ed25519 of another size",
            of(note.text, [read_note(signed(6)).signatures[0], ml_dsa_44]),
        ),
        (
            "checkpoint-signature-invalid",
            "ML-DSA-44 of another size",
            of(note.text, [ed25519, read_note(signed(6)).signatures[1]]),
        ),
        (
            "checkpoint-signature-invalid",
            "ML-DSA-44 with its time altered",
            of(note.text, [ed25519, replace(ml_dsa_44, raw=bytes(8) + ml_dsa_44.raw[8:])]),
        ),
        (
            "checkpoint-signature-invalid",
            "ML-DSA-44 without its time",
            of(note.text, [ed25519, replace(ml_dsa_44, raw=ml_dsa_44.raw[8:])]),
        ),
    ]
    reject = [vector("checkpoint", name, note=raw, keys=LOG_KEYS, code=code) for code, name, raw in wrong]
    return accept, reject


def quorums() -> tuple[list[Vector], list[Vector]]:
    """Return cosigned checkpoints, weighed by a quorum of two of three, and forged cosignatures."""
    witnesses = {name: [key.vkey for key in keys(witness_signers(name))] for name in (W1, W2, W3)}
    two, one = cosigned(W1, W3), cosigned(W2)
    classical, post_quantum = cosign(one, witness_signers(W1), NOW)
    later = cosign(one, witness_signers(W1), NOW.replace(minute=1))

    def of(name: str, note: Note, met: bool, *cosigners: str) -> Vector:
        return vector(
            "quorum",
            name,
            note=note.as_bytes(),
            needed=2,
            witnesses=witnesses,
            met=met,
            cosigned={cosigner: int(NOW.timestamp()) for cosigner in cosigners},
        )

    accept = [
        of("two of three", two, True, W1, W3),
        of("one of three", one, False, W2),
        of("none", cosigned(), False),
        of("a stranger does not count", cosigned(W2, "de-bka/witness"), False, W2),
        of("twice is once", one.with_signatures(cosign(one, witness_signers(W2), NOW)), False, W2),
        of("Ed25519 alone does not count", one.with_signatures([classical]), False, W2),
        of("ML-DSA-44 alone does not count", one.with_signatures([post_quantum]), False, W2),
        of("two times do not count", one.with_signatures([classical, later[1]]), False, W2),
    ]
    reject = [
        vector(
            "quorum", name, note=note.as_bytes(), needed=2, witnesses=witnesses, code="cosignature-invalid"
        )
        for name, note in {
            "replayed from a smaller tree": one.with_signatures(
                cosign(read_note(signed(4)), witness_signers(W1), NOW)
            ),
            "Ed25519 with another time": one.with_signatures(
                [replace(classical, raw=later[0].raw[:8] + classical.raw[8:])]
            ),
            "one witness's under another's name": one.with_signatures(
                [
                    NoteSignature(name=W1, key_id=mine.key_id, raw=theirs.raw)
                    for mine, theirs in zip((classical, post_quantum), one.signatures[2:], strict=True)
                ]
            ),
            "a good one beside a forged one": two.with_signatures([replace(classical, raw=bytes(72))]),
        }.items()
    ]
    return accept, reject


def trees() -> tuple[list[Vector], list[Vector]]:
    """Return inclusion and consistency proofs among the first trees of `entry 0`, `entry 1`, and so on."""
    accept, reject = [], []
    sizes = [1, 2, 3, 5, 8, 11]
    for size in sizes:
        for index in sorted({0, size // 2, size - 1}):
            proof = naive.path(index, naive.entries(size))
            told = inclusion(index, size, proof)
            accept.append(vector("inclusion", f"entry {index} of {size}", **told))
            if proof:
                reject += [
                    vector(
                        "inclusion",
                        f"entry {index} of {size}, {how}",
                        **{**told, **change},
                        code="log-inclusion-failed",
                    )
                    for how, change in {
                        "last hash left out": {"proof": told["proof"][:-1]},
                        "one hash more": {"proof": [*told["proof"], told["proof"][0]]},
                        "another entry": {"entry": "entry 99"},
                        "another index": {"index": (index + 1) % size},
                        "root of another tree": {"root": b64(naive.root(naive.entries(size + 1)))},
                    }.items()
                ]
    only = inclusion(0, 1, [])
    reject += [
        vector("inclusion", "index beyond the tree", **{**only, "index": 1}, code="log-inclusion-failed"),
        vector(
            "inclusion",
            "empty tree",
            **{**only, "size": 0, "root": b64(EMPTY_ROOT)},
            code="log-inclusion-failed",
        ),
    ]
    for old in [0, *sizes]:
        for size in sizes:
            if old > size:
                continue
            told = consistency(old, size, naive.consistency(old, naive.entries(size)))
            accept.append(vector("consistency", f"{old} to {size}", **told))
            changes: dict[str, dict[str, Any]] = {
                "one hash more": {"proof": [*told["proof"], b64(bytes(32))]},
                "another old root": {"old_root": b64(bytes(32))},
            }
            if told["proof"]:
                changes["last hash left out"] = {"proof": told["proof"][:-1]}
                changes["trees exchanged"] = {
                    "old_size": size, "size": old, "old_root": told["root"], "root": told["old_root"]
                }  # fmt: skip
            reject += [
                vector(
                    "consistency", f"{old} to {size}, {how}", **{**told, **change}, code="log-inconsistent"
                )
                for how, change in changes.items()
            ]
    return accept, reject


def inclusion(index: int, size: int, proof: Sequence[bytes]) -> dict[str, Any]:
    return {
        "entry": f"entry {index}",
        "index": index,
        "size": size,
        "proof": [*map(b64, proof)],
        "root": b64(naive.root(naive.entries(size))),
    }


def consistency(old: int, size: int, proof: Sequence[bytes]) -> dict[str, Any]:
    return {
        "old_size": old,
        "old_root": b64(naive.root(naive.entries(old))),
        "size": size,
        "root": b64(naive.root(naive.entries(size))),
        "proof": [*map(b64, proof)],
    }


def files() -> tuple[list[Vector], list[Vector]]:
    """Return paths of tiles, entry bundles and proof files."""
    tiles = [Tile(0, 0), Tile(1, 999, 255), Tile(0, 1067, 8), Tile(63, 1234067)]
    bundles = [EntryTile(0), EntryTile(1234067, 17)]
    accept = [
        vector("tile-path", tile.path, path=tile.path, level=tile.level, index=tile.index, width=tile.width)
        for tile in tiles
    ]
    accept += [
        vector("bundle-path", one.path, path=one.path, index=one.index, width=one.width) for one in bundles
    ]
    entries = [b"entry 0", b"", b"entry 2"]
    accept.append(vector("bundle", "three", bundle=b64(pack_entries(entries)), entries=[*map(b64, entries)]))
    reject = [
        vector("tile-path", path, path=path, code="malformed")
        for path in (
            "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/001/002", "tile/0/000.p/0",
            "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000/", "tile/0/000\n", "tile/entries/000",
        )
    ]  # fmt: skip
    reject += [
        vector("bundle", name, bundle=b64(raw), code="log-tile-invalid")
        for name, raw in {
            "empty": b"",
            "half a length": b"\0",
            "cut": b"\0\2a",
            "more than it says": b"\0\1ab",
            "257 entries": b"\0\0" * 257,
        }.items()
    ]
    way, note = naive.path(2, naive.entries(5)), signed()
    raw = write_proof(2, way, note)
    told = {"entry": "entry 2", "keys": LOG_KEYS}
    accept += [
        vector("proof", "plain", proof=raw, **told),
        vector("proof", "with extra data", proof=write_proof(2, way, note, b"for the reader"), **told),
        vector("proof", "only entry", proof=write_proof(0, [], signed(1)), entry="entry 0", keys=LOG_KEYS),
    ]
    reject += [
        vector("proof", name, proof=altered, **told, code=code)
        for code, name, altered in (
            ("log-proof-invalid", "another version", raw.replace(b"@v1", b"@v2")),
            ("log-proof-invalid", "no index", raw.replace(b"index 2\n", b"")),
            ("log-proof-invalid", "index with a zero before it", raw.replace(b"index 2", b"index 02")),
            (
                "log-proof-invalid",
                "extra after the index",
                raw.replace(b"index 2\n", b"index 2\nextra QQ==\n"),
            ),
            ("log-proof-invalid", "hash of three bytes", raw.replace(b"index 2\n", b"index 2\nQUJD\n")),
            ("note-invalid", "no checkpoint", raw[: raw.index(b"\n\n") + 2]),
            ("log-inclusion-failed", "another index", raw.replace(b"index 2", b"index 3")),
            ("log-inclusion-failed", "hashes exchanged", write_proof(2, way[::-1], note)),
            ("log-inclusion-failed", "checkpoint of another tree", write_proof(2, way, signed(4))),
            ("checkpoint-origin-mismatch", "another log's", write_proof(2, way, signed(origin="kz-mvd/log"))),
        )
    ]
    vkey = LOG_KEYS[0]
    accept += [vector("vkey", key[:20], vkey=key) for key in (*LOG_KEYS, *W1_KEYS)]
    reject += [
        vector("vkey", name, vkey=altered, code="malformed")
        for name, altered in {
            "another key id": vkey.replace(vkey[11:13], "00"),
            "key id in capitals": vkey[:11] + vkey[11:19].upper() + vkey[19:],
            "another name": "x" + vkey,
            "unknown type": vkey[:20] + "Ag" + vkey[22:],
            "cut": vkey[:-4],
        }.items()
    ]
    return accept, reject


def main() -> None:
    """Write accept.json and reject.json."""
    accept, reject = [], []
    for made in (leaves(), notes(), quorums(), trees(), files()):
        accept += made[0]
        reject += made[1]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, vectors in (("accept", accept), ("reject", reject)):
        text = json.dumps(vectors, indent=1, ensure_ascii=True)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
