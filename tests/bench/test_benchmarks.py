"""The benchmarks run and say what they promise; how fast anything is, is not tested."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SUITES = {"classic-1", "hybrid-1"}


def run(module: str, *words: str) -> Any:
    """Run a benchmark as a person would and return the JSON that it prints."""
    told = subprocess.run(
        [sys.executable, "-m", module, *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return json.loads(told.stdout)


def assert_rates(row: Mapping[str, Any]) -> None:
    """Assert that a row's rates and its ratio belong together."""
    assert row["rate"] > 0
    assert row["ratio"] == pytest.approx(row["rate"] / row["floor_rate"], abs=0.02)
    assert row["floor_rate"] == pytest.approx(
        1e6 / (row["floor_crypto_us"] + row["floor_commit_us"]), rel=0.01
    )


@pytest.mark.parametrize(
    ("database", "ways"), [("sqlite", ("batched", "single", "in turn")), ("postgresql", ("batched",))]
)
def test_exchange_tells_rates_floors_and_where_the_time_goes(database: str, ways: tuple[str, ...]) -> None:
    sizes = ("--count", "100", "--rounds", "1", "--partners", "3", "--stored", "600")
    chosen = [word for way in ways for word in ("--way", way)]
    told = run("bench.exchange", "--suite", "classic-1", "--database", database, *sizes, *chosen)
    rows = told["rows"]
    assert [row["way"] for row in rows] == [*ways, "batched"]
    for row in rows:
        assert (row["suite"], row["database"]) == ("classic-1", database)
        assert_rates(row)
        hubs_us = row["our_cpu_us"] + row["their_cpu_us"]
        assert row["crypto_share"] == pytest.approx(row["busy_crypto_us"] / hubs_us, abs=0.02)
    assert [(row["partners"], row["stored"]) for row in rows] == [(1, 0)] * len(ways) + [(4, 600)]


def test_the_envelope_tells_each_step_beside_its_primitives() -> None:
    told = run("bench.envelope", "--rounds", "2", "--calls", "2")
    assert {row["suite"] for row in told} == SUITES
    for row in told:
        assert {"sign", "seal", "open", "verify", "all"} == set(row["steps"])
        assert all(step["hub_us"] > 0 and step["primitives_us"] > 0 for step in row["steps"].values())


def test_attachments_tell_each_step_beside_the_raw_work() -> None:
    told = run("bench.attachments", "--mib", "2", "--rounds", "1")
    assert {"upload", "read", "receive"} == {row["step"] for row in told["steps"]}
    assert all(row["mib_per_s"] > 0 and row["raw_ratio"] > 0 for row in told["steps"])


def test_the_peer_runs_in_its_own_environment_on_the_same_payload() -> None:
    told = run("bench.peer_as2", "--count", "50", "--messages", "3", "--suite", "hybrid-1")
    assert [(row["suite"], row["way"]) for row in told["rows"]] == [
        ("hybrid-1", "in turn"),
        ("hybrid-1", "single"),
        ("hybrid-1", "batched"),
    ]
    for row in told["rows"]:
        assert row["ratio"] == pytest.approx(row["rate"] / row["peer_rate"], rel=0.2)


def test_the_directory_tells_each_way_of_fetching_it_beside_plain_tuf() -> None:
    told = run("bench.directory", "--agencies", "5", "--rounds", "1")
    assert [row["way"] for row in told["rows"]] == ["floor", "client", "refresh"]
    for row in told["rows"]:
        assert row["first_ms"] > 0
        assert row["again_ms"] > 0
        assert row["ratio"] > 0


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_log_tells_appends_beside_bare_commits_and_what_proofs_cost(database: str) -> None:
    told = run(
        "bench.audit",
        *("--database", database, "--seconds", "0.3", "--rounds", "1", "--writers", "2", "--batch", "5"),
        *("--size", "300", "--size", "1500"),
    )
    (row,) = told["appends"]
    assert (row["database"], row["writers"], row["batch"]) == (database, 2, 5)
    assert row["entries"] > 0
    assert row["ratio"] == pytest.approx(row["rate"] / row["floor_rate"], abs=0.02)
    assert [one["size"] for one in told["proofs"]] == [300, 1500]
    for one in told["proofs"]:
        assert one["inclusion_us"] > 0
        assert one["consistency_us"] > 0
        assert one["append_us"] > 0
        assert one["tiles_read"] <= 8


def test_keys_tell_file_and_token_beside_the_raw_libraries() -> None:
    told = run("bench.keys", "--rounds", "1", "--calls", "5")
    assert [(row["step"], row["place"]) for row in told["rows"]] == [
        ("sign", "file"),
        ("sign", "token"),
        ("decrypt", "file"),
        ("decrypt", "token"),
    ]
    assert all(row["hub_us"] > 0 and row["of_library"] > 0 for row in told["rows"])
    assert all("of_module" in row for row in told["rows"] if row["place"] == "token")
    assert told["unlock"]["passphrase_ms"] > told["unlock"]["random_ms"] > 0


def test_adapters_are_measured_against_their_bare_parsers() -> None:
    rows = run("bench.adapters", "--rounds", "1", "--seconds", "0.01")["adapters"]
    assert {"bilateral", "bilateral-stix", "bilateral-misp", "cis_atc", "fiu", "interpol", "sco_rats"} <= set(
        rows
    )
    for row in rows.values():
        for step in ("write", "read", "out", "in"):
            assert row[f"{step}_ratio"] == pytest.approx(
                row[f"{step}_rate"] / row[f"{step}_floor_rate"], rel=0.05, abs=0.002
            )


def test_as4_is_measured_against_bare_cryptography_and_the_package() -> None:
    told = run("bench.as4", "--rounds", "1", "--seconds", "0.01", "--messages", "1", "--size", "1000")
    assert told["peer"] == "as4==0.2.0"
    for way in ("write", "read"):
        assert told[way]["of_floor"] == pytest.approx(told[way]["rate"] / told[way]["floor_rate"], abs=0.02)
        assert told[way]["peer_rate"] > 0


def test_decisions_are_held_against_the_engine_alone() -> None:
    told = run("bench.policy", "--partners", "3", "--rules", "40", "--rounds", "1", "--seconds", "0.01")
    assert told["limit_us"] == 200
    for rows in told["policies"].values():
        assert [row["act"] for row in rows] == ["read", "release", "answer", "collect"]
        for row in rows:
            assert row["decision_us"] > 0 < row["engine_all_us"]
            # Rules about other partners are left out, wherever they name theirs.
            assert 0 < row["rules_applying"] < 40 / 3
