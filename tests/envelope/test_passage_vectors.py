"""The committed passages, read with nothing but their own keys: what another team would do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.envelope.keys import PublicKeys
from hub.envelope.manifest import AttachmentSecret
from hub.envelope.suites import Suite
from hub.errors import HubError
from hub.exchange.passing.inside import Inside, look_inside
from hub.exchange.passing.signers import Before, Signed, verify_by
from hub.records.record import load_record
from tests.envelope import passage_vectors
from tests.envelope.test_vectors import FOLDER, by_name, public

VECTORS = json.loads((Path(FOLDER) / "passages.json").read_text(encoding="ascii"))


@dataclass(frozen=True, kw_only=True)
class Reader:
    """The originator as a recipient has pinned it, now and before."""

    vector: dict[str, Any]

    def read(self, jws: bytes) -> Signed:
        allowed = frozenset(map(Suite, self.vector["suites"]))
        return verify_by(jws, public(self.vector["by"]), self.before, allowed=allowed, skew_s=300)

    def before(self) -> Before | None:
        told = self.vector.get("before")
        if told is None:
            return None
        return Before(
            public=PublicKeys.from_jwks(self.vector["by"], told["jwks"]),
            until={kid: datetime.fromisoformat(at) for kid, at in told["until"].items()},
            cards=dict.fromkeys(told["until"], "ab" * 32),
            given_up=frozenset(told["given_up"]),
        )


def inside(vector: dict[str, Any]) -> Inside:
    return look_inside(
        load_record(vector["passage"]),
        reader=Reader(vector=vector),
        agency=vector["reader"],
        brought=[AttachmentSecret.load(one) for one in vector["attachments"]],
        on=None if vector["on"] is None else date.fromisoformat(vector["on"]),
        max_bytes=1 << 20,
    )


@pytest.mark.parametrize("vector", VECTORS["accept"], ids=by_name)
def test_passage_is_accepted(vector: dict[str, Any]) -> None:
    assert inside(vector).record.document == vector["record"]


@pytest.mark.parametrize("vector", VECTORS["reject"], ids=by_name)
def test_passage_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    with pytest.raises(HubError) as refused:
        inside(vector)
    assert refused.value.code == vector["code"], refused.value.sentence


@pytest.mark.slow
def test_the_passages_are_those_that_are_made() -> None:
    made = passage_vectors.vectors()
    for sort in ("accept", "reject"):
        assert [one["name"] for one in made[sort]] == [one["name"] for one in VECTORS[sort]]
