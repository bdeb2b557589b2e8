"""The committed vectors, read with nothing but what stands in them: what another team would do."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from hub.audit.checkpoints import verify_checkpoint
from hub.audit.leaves import Disclosure, check_disclosure, read_leaf
from hub.audit.merkle import check_consistency, check_inclusion, hash_leaf
from hub.audit.notes import NoteKey, read_note
from hub.audit.proofs import read_proof, verify_proof
from hub.audit.quorum import Quorum, weigh
from hub.audit.tiles import EntryTile, Tile, unpack_entries
from hub.codes import CODES
from hub.errors import IntegrityFailure
from tests.audit import make_vectors

FOLDER = Path(__file__).parent.parent / "vectors" / "log"
Vector = dict[str, Any]


def load(name: str) -> list[Vector]:
    read: list[Vector] = json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))
    return read


ACCEPT, REJECT = load("accept"), load("reject")


def raw(vector: Vector, name: str) -> bytes:
    """Return bytes that stand as text, or as Base64 where they are no text."""
    told: str | None = vector.get(name)
    return b64decode(vector[f"{name}_base64"]) if told is None else told.encode()


def keys(vkeys: list[str]) -> tuple[NoteKey, ...]:
    return tuple(map(NoteKey.parse, vkeys))


def leaf(vector: Vector) -> None:
    read = read_leaf(raw(vector, "entry"))
    for told in vector["disclosures"]:
        shown = Disclosure(field=told["field"], value=told["value"], salt=b64decode(told["salt"]))
        check_disclosure(read, shown)


def checkpoint(vector: Vector) -> None:
    read = verify_checkpoint(raw(vector, "note"), keys(vector["keys"]))
    assert (read.size, read.root) == (vector["size"], b64decode(vector["root"]))


def quorum(vector: Vector) -> None:
    pinned = {name: keys(vkeys) for name, vkeys in vector["witnesses"].items()}
    verdict = weigh(Quorum(needed=vector["needed"], witnesses=pinned), read_note(raw(vector, "note")))
    assert verdict.met is vector["met"]
    assert verdict.cosigned == {
        name: datetime.fromtimestamp(at, UTC) for name, at in vector["cosigned"].items()
    }


def inclusion(vector: Vector) -> None:
    check_inclusion(
        leaf_hash=hash_leaf(raw(vector, "entry")),
        index=vector["index"],
        size=vector["size"],
        proof=[*map(b64decode, vector["proof"])],
        root=b64decode(vector["root"]),
    )


def consistency(vector: Vector) -> None:
    check_consistency(
        old_size=vector["old_size"],
        old_root=b64decode(vector["old_root"]),
        size=vector["size"],
        root=b64decode(vector["root"]),
        proof=[*map(b64decode, vector["proof"])],
    )


def tile_path(vector: Vector) -> None:
    assert Tile.parse(vector["path"]) == Tile(vector["level"], vector["index"], vector["width"])


def bundle_path(vector: Vector) -> None:
    assert EntryTile.parse(vector["path"]) == EntryTile(vector["index"], vector["width"])


def bundle(vector: Vector) -> None:
    assert unpack_entries(b64decode(vector["bundle"])) == tuple(map(b64decode, vector["entries"]))


def proof(vector: Vector) -> None:
    read = read_proof(raw(vector, "proof"))
    proven = verify_proof(read, leaf_hash=hash_leaf(raw(vector, "entry")), keys=keys(vector["keys"]))
    assert read.index < proven.size


def vkey(vector: Vector) -> None:
    assert NoteKey.parse(vector["vkey"]).vkey == vector["vkey"]


STEPS: Final[dict[str, Callable[[Vector], None]]] = {
    "leaf": leaf,
    "checkpoint": checkpoint,
    "quorum": quorum,
    "inclusion": inclusion,
    "consistency": consistency,
    "tile-path": tile_path,
    "bundle-path": bundle_path,
    "bundle": bundle,
    "proof": proof,
    "vkey": vkey,
}


def name_of(vector: Vector) -> str:
    return f"{vector['kind']}: {vector['name']}"


@pytest.mark.parametrize("vector", ACCEPT, ids=name_of)
def test_vector_is_accepted(vector: Vector) -> None:
    assert "code" not in vector
    STEPS[vector["kind"]](vector)  # raises unless it is taken


@pytest.mark.parametrize("vector", REJECT, ids=name_of)
def test_vector_is_refused_for_its_reason(vector: Vector) -> None:
    if vector["code"] == "malformed":
        with pytest.raises(ValueError):
            STEPS[vector["kind"]](vector)
        return
    with pytest.raises(IntegrityFailure) as refused:
        STEPS[vector["kind"]](vector)
    assert refused.value.code == vector["code"]
    assert vector["code"] in CODES


def test_committed_vectors_are_those_that_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_vectors, "FOLDER", tmp_path)
    make_vectors.main()
    for name, committed in (("accept", ACCEPT), ("reject", REJECT)):
        made = json.loads((tmp_path / f"{name}.json").read_text())
        assert [(*map(one.get, ("kind", "name", "code")),) for one in made] == [
            (*map(one.get, ("kind", "name", "code")),) for one in committed
        ]
