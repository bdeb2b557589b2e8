"""A check of the whole log also checks what witnesses and time stamps are stored to have said of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.exchange.broker import Broker
from hub.exchange.log.verifying import Verification
from hub.exchange.log.vouched import Vouchers, vouchers_of
from hub.ports import TimestampRow
from tests.exchange.log.logs import own, signed, tamper, url_of
from tests.exchange.witness.witnesses import OTHERS, LinkWitnessClient, ask_all, with_witnesses
from tests.servers.tsa import Tsa, make_tsa

pytestmark = pytest.mark.slow


def found(broker: Broker, others: Vouchers) -> list[tuple[str, int]]:
    check = Verification(store=broker.store, own=own(broker), others=others)
    for _ in check.steps():
        pass
    return [(one.code, one.index) for one in check.findings]


@dataclass(frozen=True)
class Cosigned:
    """A log that three witnesses cosigned at two sizes."""

    broker: Broker
    first: int
    second: int

    def alter(self, lines: str) -> None:
        """Let the database hold other lines of one witness over the second size."""
        where = f"size = {self.second} AND witness = 'cis-atc'"
        tamper(url_of(self.broker), f"UPDATE cosignatures SET lines = {lines} WHERE {where}")

    def kept(self, size: int, witness: str) -> str:
        """Return SQL for what is stored of a witness."""
        return f"(SELECT c.lines FROM cosignatures c WHERE c.size = {size} AND c.witness = '{witness}')"


@pytest.fixture
def cosigned(knb: Broker, client: LinkWitnessClient) -> Cosigned:
    broker = with_witnesses(knb, *OTHERS, needed=2)
    sizes = []
    for entries in (3, 2):
        row = signed(broker, entries)
        ask_all(broker, client, row)
        sizes.append(row.size)
    return Cosigned(broker, *sizes)


def test_what_witnesses_said_is_found_whole(cosigned: Cosigned) -> None:
    broker = cosigned.broker
    assert found(broker, vouchers_of(broker)) == []
    with broker.store.read() as view:
        kept = [len(view.witnessing.cosignatures(size)) for size in (cosigned.first, cosigned.second)]
    assert kept == [3, 3]


def test_a_cosignature_of_another_tree_is_found(cosigned: Cosigned) -> None:
    cosigned.alter(cosigned.kept(cosigned.first, "cis-atc"))
    assert found(cosigned.broker, vouchers_of(cosigned.broker)) == [("cosignature-invalid", cosigned.second)]
    assert found(cosigned.broker, Vouchers()) == [], "keys that are not known say nothing"


@pytest.mark.parametrize("what", ["of another witness", "by one of two keys", "none"])
def test_a_cosignature_that_is_not_the_witnesss_is_found(cosigned: Cosigned, what: str) -> None:
    first_line = "substr(lines, 1, {})".format(
        "instr(lines, char(10))" if url_of(cosigned.broker).startswith("sqlite") else "strpos(lines, chr(10))"
    )
    lines, code = {
        "of another witness": (cosigned.kept(cosigned.second, "sco-rats"), "cosignature-invalid"),
        "by one of two keys": (first_line, "cosignature-invalid"),
        "none": ("'no line'", "note-invalid"),
    }[what]
    cosigned.alter(lines)
    assert found(cosigned.broker, vouchers_of(cosigned.broker)) == [(code, cosigned.second)]


@pytest.fixture(scope="module")
def tsas(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tsa, Tsa]:
    folder: Path = tmp_path_factory.mktemp("tsas")
    return make_tsa(folder / "ours"), make_tsa(folder / "other")


def test_a_time_stamp_over_something_else_is_found(knb: Broker, tsas: tuple[Tsa, Tsa]) -> None:
    tsa, other = tsas
    rows = [signed(knb, entries) for entries in (3, 2)]
    with knb.store.work() as work:
        for row, over in zip(rows, (rows[0], rows[0]), strict=True):
            token = tsa.token(over.note)
            stamp = TimestampRow(number=row.number, size=row.size, tsa="t", at=row.at, token=token)
            work.witnessing.add_timestamp(stamp)
        work.commit()
    code = "timestamp-invalid"
    assert found(knb, Vouchers(tsa_roots=[tsa.root])) == [(code, rows[1].size)]
    assert found(knb, Vouchers(tsa_roots=[other.root])) == [(code, row.size) for row in rows]
    assert found(knb, Vouchers()) == []
