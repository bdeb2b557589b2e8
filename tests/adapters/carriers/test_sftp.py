"""The SFTP drop against OpenSSH's own server."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from adapters import registry
from adapters.carriers.sftp import SftpCarrier, make
from adapters.carriers.verdicts import write_verdict
from adapters.contract import Parcel, Verdict
from adapters.kit.carriers import carries
from hub.errors import HubError, PeerFault, Refused
from tests.adapters.carriers.cutting import cutting
from tests.adapters.materials import Given
from tests.docs.blocks import block
from tests.servers.sshd import Sshd, public_line, sshd

pytestmark = pytest.mark.slow
TAKEN = Verdict(taken=True)
_NUMBERS = count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def drop(server: Sshd) -> Path:
    folder = server.drop / f"drop-{next(_NUMBERS)}"
    folder.mkdir()
    return folder


End = Callable[..., SftpCarrier]


@pytest.fixture
def end(server: Sshd, drop: Path, tmp_path: Path) -> End:
    """Make one end of the drop."""

    def made(us: str, them: str, **options: object) -> SftpCarrier:
        told = {"host": "127.0.0.1", "port": server.port, "user": server.user, "path": drop.name}
        given = Given(us=us, them=them, state=tmp_path / us, keys={"sftp": server.key})
        return make({**told, "host_keys": [server.host_key], **options}, given)

    return made


def test_both_ends_keep_the_contract(end: End) -> None:
    adapter = replace(
        registry.make("bilateral"), rehearse=lambda _: (end("kz-knb", "de-bka"), end("de-bka", "kz-knb"))
    )
    assert carries(adapter) == "4 ways of delivery"


def test_other_bytes_that_took_a_parcels_place_get_no_receipt(end: End, drop: Path) -> None:
    ours, theirs = end("kz-knb", "de-bka"), end("de-bka", "kz-knb")
    ours.push(Parcel(parcel_id="p", content=b"x"))
    (pulled,) = theirs.pull(limit=5)
    (path,) = [one for one in drop.rglob("p*") if one.is_file() and one.read_bytes() == pulled.content]
    path.write_bytes(b"y")
    theirs.acknowledge("p", TAKEN)
    assert ours.receipts(limit=5) == []
    assert path.read_bytes() == b"y"


def test_another_host_key_is_refused_and_nothing_is_sent(end: End, drop: Path) -> None:
    other = public_line(ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(PeerFault) as fault:
        end("kz-knb", "de-bka", host_keys=[other]).push(Parcel(parcel_id="p", content=b"x"))
    assert fault.value.code == "server-key-mismatch"
    assert list(drop.iterdir()) == []


def test_a_key_that_the_server_does_not_take_is_told_as_such(server: Sshd, end: End, tmp_path: Path) -> None:
    stranger = Given(
        us="kz-knb", them="de-bka", state=tmp_path, keys={"sftp": ed25519.Ed25519PrivateKey.generate()}
    )
    options = {"host": "127.0.0.1", "port": server.port, "user": server.user}
    health = make({**options, "host_keys": [server.host_key]}, stranger).health()
    assert (health.well, health.sentence) == (
        False,
        "The SFTP server cannot be used now: it does not take our key.",
    )


def test_a_put_that_is_cut_off_shows_nothing_and_goes_on_where_it_was(
    server: Sshd, end: End, drop: Path
) -> None:
    parcel = Parcel(parcel_id="large", content=os.urandom(3_000_000))
    theirs = end("de-bka", "kz-knb")
    with cutting(server.port) as proxy:
        ours = end("kz-knb", "de-bka", port=proxy.port)
        proxy.cut_after = 2_000_000
        with pytest.raises(PeerFault) as fault:
            ours.push(parcel)
        assert fault.value.code == "partner-unreachable"
        assert theirs.pull(limit=5) == []
        proxy.cut_after = None
        ours.push(parcel)
        assert proxy.passed < 2_000_000, "all of it was sent again"
    assert theirs.pull(limit=5) == [parcel]
    assert not [path for path in (drop / "to-de-bka").iterdir() if path.name.startswith(".")]


def test_what_was_left_of_other_bytes_is_not_gone_on_with(end: End, drop: Path) -> None:
    parcel = Parcel(parcel_id="p", content=os.urandom(200_000))
    outbox = drop / "to-de-bka"
    outbox.mkdir()
    name = f".unfinished-{sha256(parcel.content).hexdigest()[:16]}-p.parcel"
    (outbox / name).write_bytes(bytes(100_000))
    end("kz-knb", "de-bka").push(parcel)
    assert end("de-bka", "kz-knb").pull(limit=5) == [parcel]


def test_a_second_push_writes_nothing_and_other_bytes_are_refused(end: End, drop: Path) -> None:
    ours = end("kz-knb", "de-bka")
    ours.push(Parcel(parcel_id="p", content=b"x"))
    first = {path.name: path.stat().st_ino for path in (drop / "to-de-bka").iterdir()}
    ours.push(Parcel(parcel_id="p", content=b"x"))
    assert {path.name: path.stat().st_ino for path in (drop / "to-de-bka").iterdir()} == first
    with pytest.raises(HubError) as failure:
        ours.push(Parcel(parcel_id="p", content=b"y"))
    assert failure.value.code == "envelope-id-reused"


def test_a_parcel_without_its_manifest_or_unlike_it_is_left(end: End, drop: Path) -> None:
    theirs = end("de-bka", "kz-knb")
    end("kz-knb", "de-bka").push(Parcel(parcel_id="p", content=b"whole"))
    inbox = drop / "to-de-bka"
    (inbox / "q.parcel").write_bytes(b"still being written by a script")
    assert [parcel.parcel_id for parcel in theirs.pull(limit=5)] == ["p"]
    (inbox / "p.parcel").write_bytes(b"wholf")
    assert theirs.pull(limit=5) == []
    (inbox / "p.parcel").write_bytes(b"more than the manifest says")
    assert theirs.pull(limit=5) == []
    assert theirs.health().sentence == "1 manifests do not fit their parcels."


def test_links_in_the_drop_are_not_followed(end: End, drop: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"whole")
    end("kz-knb", "de-bka").push(Parcel(parcel_id="p", content=b"whole"))
    (drop / "to-de-bka" / "p.parcel").unlink()
    (drop / "to-de-bka" / "p.parcel").symlink_to(secret)
    theirs = end("de-bka", "kz-knb")
    assert theirs.pull(limit=5) == []
    theirs.acknowledge("p", TAKEN)
    assert secret.read_bytes() == b"whole"


def test_a_parcel_beyond_the_limit_is_not_read(end: End) -> None:
    end("kz-knb", "de-bka").push(Parcel(parcel_id="p", content=bytes(5000)))
    theirs = end("de-bka", "kz-knb", max_parcel_bytes=4096)
    assert theirs.pull(limit=5) == []
    assert theirs.health().sentence == "1 parcels have more than 4,096 bytes."


def test_a_partner_needs_no_more_than_a_script(end: End, drop: Path) -> None:
    ours = end("kz-knb", "de-bka")
    inbox, receipts = drop / "to-kz-knb", drop / "receipts-for-kz-knb"
    inbox.mkdir()
    receipts.mkdir()
    (inbox / "from-a-script.parcel").write_bytes(b"sealed")
    digest = sha256(b"sealed").hexdigest()
    manifest = f'{{"parcel": "from-a-script", "bytes": 6, "sha256": "{digest}"}}'
    (inbox / "from-a-script.manifest").write_text(manifest)
    assert ours.pull(limit=5) == [Parcel(parcel_id="from-a-script", content=b"sealed")]
    ours.acknowledge("from-a-script", TAKEN)
    said = (drop / "receipts-for-de-bka" / "from-a-script.receipt").read_bytes()
    assert said == write_verdict("from-a-script", b"sealed", TAKEN)
    (receipts / "junk.receipt").write_bytes(b"thanks!")
    assert ours.receipts(limit=5) == []
    assert not ours.health().well


def test_a_server_that_does_not_answer_is_given_up(end: End) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        health = end("kz-knb", "de-bka", port=silent.getsockname()[1], timeout_s=1).health()
    assert health.sentence == "The SFTP server cannot be used now: it took longer than 1 s."


@pytest.mark.parametrize("pinned", [[], ["ssh-ed25519 nonsense"], "any"])
def test_no_carrier_is_made_without_a_pinned_host_key(end: End, pinned: object) -> None:
    with pytest.raises(Refused) as refused:
        end("kz-knb", "de-bka", host_keys=pinned)
    assert refused.value.code == "adapter-invalid"


def test_the_commands_for_a_partner_hold(end: End, server: Sshd, drop: Path, tmp_path: Path) -> None:
    """What docs/carriers.md gives a partner that has no hub, run with OpenSSH's own client."""
    for name in ("to-kz-knb", "to-de-bka", "receipts-for-kz-knb", "receipts-for-de-bka"):
        (drop / name).mkdir()
    key = tmp_path / "key"
    key.write_bytes(
        server.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    key.chmod(0o600)
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
    (tmp_path / "letter.p7m").write_bytes(b"sealed bytes")
    ours = end("kz-knb", "de-bka")
    environment = {"PATH": os.environ["PATH"], "DROP": f"{server.user}@127.0.0.1:{drop.name}"}
    environment["OPTIONS"] = f"-q -i {key} -o Port={server.port} -o UserKnownHostsFile={tmp_path}/known_hosts"

    def run(step: str) -> None:
        subprocess.run(
            ["sh", "-eu", "-c", block("carriers.md", step)],
            cwd=tmp_path,
            env=environment,
            check=True,
            timeout=60,
        )

    run("sftp put")
    assert [one.content for one in ours.pull(limit=5)] == [b"sealed bytes"]
    ours.acknowledge("letter-1", TAKEN)
    run("sftp receipt")
    assert b'"verdict":"taken"' in (tmp_path / "letter-1.receipt").read_bytes()
