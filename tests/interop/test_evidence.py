"""A bundle's parts are read by tools that share nothing with this hub: Go's sumdb and openssl."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hub.audit.proofs import read_proof
from hub.evidence.anchors import read_anchors
from hub.evidence.unpacking import unpack
from hub.exchange.evidence.exporting import catch_up
from hub.ports import TimestampRow
from tests.evidence.world import small
from tests.exchange.hubs import Hubs
from tests.interop.sumdb import GoRefused, Opened, Sumdb, inclusion
from tests.servers.tsa import make_tsa


@pytest.mark.slow
def test_go_and_openssl_check_what_a_bundle_holds(tmp_path: Path) -> None:
    tsa = make_tsa(tmp_path / "tsa")
    (tmp_path / "hubs").mkdir()
    world = small(Hubs(folder=tmp_path / "hubs"))
    catch_up(world.ours)
    with world.ours.store.read() as view:
        row = view.log.checkpoint()
    assert row is not None
    at = world.ours.clock.now()
    with world.ours.store.work() as work:
        token = tsa.token(row.note)
        work.witnessing.add_timestamp(
            TimestampRow(number=row.number, size=row.size, tsa="test", at=at, token=token)
        )
        work.commit()
    files = unpack(world.export())
    witness = world.hubs.network.brokers["sco-rats"].keyring
    signers = [*world.ours.keyring.log_signers(), *witness.witness_signers()]
    keys = [signer.key for signer in signers]
    asked, forged = [], []
    for name, raw in files.items():
        if name.endswith(".tlog-proof"):
            proof, leaf = read_proof(raw), files[name.replace(".tlog-proof", ".leaf")]
            named = [key for key in keys if f"— {key.name} ".encode() in proof.checkpoint]
            asked.append(inclusion(proof.checkpoint, named, proof.index, leaf, proof.hashes))
            forged.append(inclusion(proof.checkpoint, named, proof.index, leaf + b" ", proof.hashes))
    (tmp_path / "go").mkdir()
    answers = Sumdb(tmp_path / "go").ask([*asked, *forged])
    assert len(asked) > 3
    assert all(isinstance(one, Opened) for one in answers[: len(asked)]), answers
    assert all(isinstance(one, GoRefused) for one in answers[len(asked) :])
    signed = {name.rpartition("+")[0] for one in answers if isinstance(one, Opened) for name in one.signed}
    assert signed == {"kz-knb/log", "sco-rats/witness"}
    (stamp,) = [name for name in files if name.endswith(".tst")]
    (tmp_path / "stamp.tst").write_bytes(files[stamp])
    (tmp_path / "note").write_bytes(files[f"{stamp.rpartition('-')[0]}.note"])
    (tmp_path / "root.pem").write_bytes(tsa.root.public_bytes(Encoding.PEM))
    told = [
        "openssl",
        "ts",
        "-verify",
        "-token_in",
        "-in",
        "stamp.tst",
        "-data",
        "note",
    ]
    done = subprocess.run(
        [*told, "-CAfile", "root.pem"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Verification: OK" in done.stdout + done.stderr, done.stderr


@pytest.mark.slow
def test_openssl_checks_a_partners_receipt_that_a_bundle_holds(tmp_path: Path) -> None:
    vectors = Path(__file__).parents[1] / "vectors" / "evidence"
    files = unpack((vectors / "sent.evidence").read_bytes())
    anchors = read_anchors((vectors / "anchors.json").read_bytes())
    (tmp_path / "de-bka.pem").write_bytes(anchors.partners["de-bka"][0].public_bytes(Encoding.PEM))
    (name,) = [one for one in files if one.endswith(".receipt-1") and files[one].startswith(b"\x30")]
    (tmp_path / "receipt").write_bytes(files[name])
    said = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "receipt", "-CAfile", "de-bka.pem"]
    done = subprocess.run(
        [*said, "-partial_chain", "-purpose", "any", "-binary"], cwd=tmp_path, capture_output=True, check=True
    )
    parcel = name.removesuffix(".receipt-1")
    assert json.loads(done.stdout) == {
        "parcel": parcel.removeprefix("parcel-"),
        "sha256": sha256(files[parcel]).hexdigest(),
        "verdict": "taken",
    }
