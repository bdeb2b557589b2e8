"""Every attack that TUF is made against is refused with its code, and an honest directory is taken."""

from __future__ import annotations

import copy
import os
import shutil
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tuf.api.metadata import Metadata, MetaFile, Targets

from hub.errors import HubError, IntegrityFailure, PeerFault, Refused
from hub.federation.directory.documents import make_targets, signed_by
from hub.limits import Limits
from hub.ports import DirectorySeen
from hub.transport.directory.following import TufDirectoryClient
from tests.federation.directory.repos import (
    FOUNDERS,
    PARTICIPANTS,
    Repo,
    founded,
    now,
    participant,
    root_signers,
    signers,
)
from tests.transport.directory.servers import Trickle, served, silent

#: Whole repositories, signed anew for each attack: not for the quick gate.
pytestmark = pytest.mark.slow

PAST = timedelta(days=-1)


def client(**told: object) -> TufDirectoryClient:
    return TufDirectoryClient(
        Limits(**told),  # type: ignore[arg-type]
        partner=lambda _agency: None,
        client=None,  # type: ignore[arg-type]
    )


class Follower:
    """One hub's view: what it trusts is kept from one refresh to the next."""

    def __init__(self, folder: Path, repo: Repo) -> None:
        self.folder = folder
        self.pinned = repo.first_root
        self.times = 0

    def take(self, repo: Repo, **told: object) -> DirectorySeen:
        self.times += 1
        source = repo.write(self.folder / f"medium{self.times}")
        return client(**told).refresh(source, self.folder / "trusted", self.pinned)

    def refuses(self, repo: Repo, **told: object) -> HubError:
        with pytest.raises(HubError) as caught:
            self.take(repo, **told)
        return caught.value


@pytest.fixture
def repo() -> Repo:
    return founded()


@pytest.fixture
def follower(tmp_path: Path, repo: Repo) -> Follower:
    return Follower(tmp_path, repo)


def contents(seen: DirectorySeen) -> dict[str, bytes | str]:
    return {
        agency: one.path.read_bytes() if one.path is not None else str(one.failure and one.failure.code)
        for agency, one in seen.entries.items()
    }


def test_an_honest_directory_is_taken_whole(repo: Repo, follower: Follower) -> None:
    assert contents(follower.take(repo)) == {agency: f"{agency} 1".encode() for agency in PARTICIPANTS}


def test_what_is_new_is_taken(repo: Repo, follower: Follower) -> None:
    follower.take(repo)
    repo.publish({"uz-sgb": repo.entry("uz-sgb", b"uz-sgb 2", version=2)})
    seen = follower.take(repo)
    assert contents(seen)["uz-sgb"] == b"uz-sgb 2"
    assert seen.entries["uz-sgb"].version == 2


def test_a_root_that_both_quorums_signed_is_followed(repo: Repo, follower: Follower) -> None:
    follower.take(repo)
    repo.founders = ("kz-knb", "kg-gknb", "uz-sgb")
    repo.found(by=("kz-knb", "kg-gknb"))
    repo.publish({"targets": repo.list_participants()})
    assert b'"version":2' in follower.take(repo).root


# --- expiry and freeze


@pytest.mark.parametrize("what", ["root", "targets", "snapshot", "timestamp"])
def test_what_has_expired_is_refused(what: str, tmp_path: Path) -> None:
    repo = Repo().found(life=PAST if what == "root" else timedelta(days=1))
    listed = repo.list_participants(life=PAST if what == "targets" else timedelta(days=1))
    entries = {agency: repo.entry(agency, b"x") for agency in PARTICIPANTS}
    repo.publish(
        {"targets": listed} | entries,
        life=PAST if what == "timestamp" else timedelta(days=1),
        snapshot_life=PAST if what == "snapshot" else timedelta(days=1),
    )
    failure = Follower(tmp_path, repo).refuses(repo)
    assert failure.code == "directory-expired"
    assert isinstance(failure, PeerFault)


def test_a_frozen_directory_is_refused_once_its_timestamp_is_over(repo: Repo, follower: Follower) -> None:
    follower.take(repo)
    repo.publish({}, life=PAST)
    assert follower.refuses(repo).code == "directory-expired"


def test_an_expired_entry_is_not_taken_and_the_others_are(repo: Repo, follower: Follower) -> None:
    repo.publish({"uz-sgb": repo.entry("uz-sgb", b"late", version=2, life=PAST)})
    assert contents(follower.take(repo)) == {agency: f"{agency} 1".encode() for agency in FOUNDERS} | {
        "uz-sgb": "directory-expired"
    }


# --- rollback


def test_an_older_timestamp_is_refused(repo: Repo, follower: Follower) -> None:
    older = copy.deepcopy(repo)
    repo.publish({"uz-sgb": repo.entry("uz-sgb", b"uz-sgb 2", version=2)})
    follower.take(repo)
    assert follower.refuses(older).code == "directory-rolled-back"


def test_an_older_snapshot_under_a_newer_timestamp_is_refused(repo: Repo, follower: Follower) -> None:
    repo.publish({})
    follower.take(repo)
    repo.stamp(9, by=signers("kz-knb", "publishing"), snapshot="metadata/1.snapshot.json")
    assert follower.refuses(repo).code == "directory-rolled-back"


def test_an_older_entry_under_a_newer_snapshot_is_refused(repo: Repo, follower: Follower) -> None:
    older = repo.entry("uz-sgb", b"uz-sgb 1", version=1)
    repo.publish({"uz-sgb": repo.entry("uz-sgb", b"uz-sgb 2", version=2)})
    follower.take(repo)
    repo.publish({"uz-sgb": older})
    assert follower.refuses(repo).code == "directory-rolled-back"


def test_an_older_list_of_participants_under_a_newer_snapshot_is_refused(
    repo: Repo, follower: Follower
) -> None:
    older = repo.files["metadata/1.targets.json"]
    repo.publish({"targets": repo.list_participants(suspended=["uz-sgb"])})
    follower.take(repo)
    repo.publish({"targets": older})
    assert follower.refuses(repo).code == "directory-rolled-back"


def test_an_older_root_in_the_place_of_the_next_is_refused(repo: Repo, follower: Follower) -> None:
    follower.take(repo)
    repo.files["metadata/2.root.json"] = repo.first_root
    assert follower.refuses(repo).code == "directory-rolled-back"


def test_an_entry_left_out_of_a_later_snapshot_is_refused(repo: Repo, follower: Follower) -> None:
    follower.take(repo)
    assert repo.snapshot is not None
    left = {name: one for name, one in repo.snapshot.meta.items() if name != "uz-sgb.json"}
    repo.publish({}, meta=left)
    assert follower.refuses(repo).code == "directory-mismatched"


def test_a_refused_directory_leaves_what_was_trusted(repo: Repo, follower: Follower) -> None:
    follower.take(repo)
    bad = copy.deepcopy(repo)
    bad.publish({"uz-sgb": bad.entry("uz-sgb", b"bad", version=2)}, by=signers("uz-sgb", "publishing"))
    assert follower.refuses(bad).code == "directory-signature-invalid"
    assert contents(follower.take(repo))["uz-sgb"] == b"uz-sgb 1"


# --- mix and match


def test_a_list_of_participants_of_another_day_is_refused(repo: Repo, follower: Follower) -> None:
    repo.publish({"targets": repo.list_participants(suspended=["uz-sgb"])})
    other = copy.deepcopy(repo)
    other.list_participants(suspended=["tj-gknb"])
    repo.files["metadata/2.targets.json"] = signed_by(
        make_targets(
            [participant(one) for one in PARTICIPANTS], version=2, expires=now() + timedelta(days=9)
        ),
        root_signers(*FOUNDERS[:2]),
    )
    assert follower.refuses(repo).code == "directory-mismatched"


@pytest.mark.hypothesis
@pytest.mark.parametrize(("generations", "examples"), [(2, 10), pytest.param(4, 300, marks=pytest.mark.slow)])
def test_files_of_several_days_are_one_day_or_refused(
    tmp_path: Path, generations: int, examples: int
) -> None:
    """Whichever files of whichever days an attacker shows: what is taken is what was published on one day."""
    days = [founded()]
    for day in range(2, generations + 1):
        days.append(copy.deepcopy(days[-1]))
        changed = {a: days[-1].entry(a, f"{a} {day}".encode(), version=day) for a in ("uz-sgb", "kz-knb")}
        days[-1].publish({"targets": days[-1].list_participants()} | changed)
    names = sorted({name for day in days for name in day.files})
    whole = [
        {a: f"{a} {n if a in ('uz-sgb', 'kz-knb') else 1}".encode() for a in PARTICIPANTS}
        for n in range(1, generations + 1)
    ]

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    @given(st.data())
    def mixed(data: st.DataObject) -> None:
        shutil.rmtree(tmp_path / "trusted", ignore_errors=True)
        shown = Repo()
        for name in names:
            # Under each name the file of that name on some day, another file of its sort, or none.
            sort = name.rpartition(".")[0].rpartition(".")[2]
            alike = [n for n in names if n.rpartition(".")[0].rpartition(".")[2] == sort]
            day = data.draw(st.sampled_from(days))
            source = data.draw(st.one_of(st.just(name), st.just(name), st.just(name), st.sampled_from(alike)))
            if source in day.files:
                shown.files[name] = day.files[source]
        try:
            seen = client().refresh(
                shown.write(tmp_path / "medium"), tmp_path / "trusted", days[0].first_root
            )
        except (PeerFault, IntegrityFailure):
            return
        taken = contents(seen)
        good = {agency: raw for agency, raw in taken.items() if isinstance(raw, bytes)}
        assert any(good.items() <= day.items() for day in whole)

    mixed()


# --- arbitrary installation


def test_another_entry_under_a_known_name_is_not_taken(repo: Repo, follower: Follower) -> None:
    (name,) = (one for one in repo.files if one.startswith("targets/uz-sgb/"))
    repo.files[name] = b"uz-sgb X"
    assert contents(follower.take(repo))["uz-sgb"] == "directory-mismatched"


def test_a_publisher_cannot_write_another_agencys_entry(repo: Repo, follower: Follower) -> None:
    forged = repo.entry("uz-sgb", b"forged", version=2, by=signers("kz-knb", "entry"))
    repo.publish({"uz-sgb": forged})
    assert contents(follower.take(repo))["uz-sgb"] == "directory-signature-invalid"


@pytest.mark.parametrize("which", [0, 1], ids=["P-256", "ML-DSA"])
def test_one_of_a_participants_two_keys_does_not_sign_for_it(
    which: int, repo: Repo, follower: Follower
) -> None:
    half = [signers("uz-sgb", "entry")[which]]
    repo.publish({"uz-sgb": repo.entry("uz-sgb", b"half", version=2, by=half)})
    assert contents(follower.take(repo))["uz-sgb"] == "directory-signature-invalid"


def test_an_agency_that_signs_for_anothers_path_is_not_heard(repo: Repo, follower: Follower) -> None:
    role: Metadata[Targets] = Metadata.from_bytes(repo.entry("uz-sgb", b"uz-sgb 2", version=2))
    theirs: Metadata[Targets] = Metadata.from_bytes(repo.entry("uz-sgb", b"forged", about="kz-knb"))
    role.signed.targets |= theirs.signed.targets
    role.signatures.clear()
    repo.publish({"uz-sgb": signed_by(role, signers("uz-sgb", "entry"))})
    assert contents(follower.take(repo))["kz-knb"] == b"kz-knb 1"


@pytest.mark.parametrize("path", ["kz-knb/entry.jws", "*/entry.jws", "uz-sgb/*"])
def test_not_even_a_quorum_gives_one_agency_anothers_path(path: str, repo: Repo, follower: Follower) -> None:
    repo.list_participants()
    assert repo.targets is not None
    assert repo.targets.signed.delegations is not None
    roles = repo.targets.signed.delegations.roles
    assert roles is not None
    roles["uz-sgb"].paths = [path]
    repo.publish({"targets": signed_by(repo.targets, root_signers(*FOUNDERS[:2]))})
    assert follower.refuses(repo).code == "directory-malformed"


def test_the_list_of_participants_holds_no_entries_itself(repo: Repo, follower: Follower) -> None:
    repo.list_participants()
    assert repo.targets is not None
    theirs: Metadata[Targets] = Metadata.from_bytes(repo.entry("uz-sgb", b"forged", about="kz-knb"))
    repo.targets.signed.targets = theirs.signed.targets
    repo.publish({"targets": signed_by(repo.targets, root_signers(*FOUNDERS[:2]))})
    assert follower.refuses(repo).code == "directory-malformed"


# --- thresholds and stolen keys


@pytest.mark.parametrize(
    "by",
    [
        root_signers("kz-knb"),
        [one for agency in FOUNDERS for one in signers(agency, "root") if one.public_key.keytype == "ecdsa"],
        [one for agency in FOUNDERS for one in signers(agency, "root") if one.public_key.keytype == "ml-dsa"],
        [*root_signers("kz-knb"), *signers("kg-gknb", "root")[:1]],
        root_signers("uz-sgb", "ru-fsb"),
        [],
    ],
    ids=["one founder", "P-256 broken", "ML-DSA broken", "one key short", "strangers", "nobody"],
)
@pytest.mark.parametrize("what", ["root", "targets"])
def test_too_few_or_wrong_keys_change_nothing(
    what: str, by: list[object], repo: Repo, follower: Follower
) -> None:
    follower.take(repo)
    if what == "root":
        repo.founders = ("uz-sgb", *FOUNDERS[:2])
        repo.found(by=())
        assert repo.root is not None
        repo.root.signatures.clear()
        repo.put_root(repo.root, by)  # type: ignore[arg-type]
    else:
        repo.participants = FOUNDERS
        repo.publish({"targets": repo.list_participants(by=by)})  # type: ignore[arg-type]
    assert follower.refuses(repo).code == "directory-signature-invalid"


def test_all_keys_of_one_founder_change_neither_participants_nor_entries(
    repo: Repo, follower: Follower
) -> None:
    follower.take(repo)
    stolen = [*root_signers("kz-knb"), *signers("kz-knb", "entry")]
    bad = copy.deepcopy(repo)
    bad.publish({"uz-sgb": bad.entry("uz-sgb", b"forged", version=2, by=stolen)})
    assert contents(follower.take(bad))["uz-sgb"] == "directory-signature-invalid"
    bad.publish({"targets": bad.list_participants(by=stolen)})
    assert follower.refuses(bad).code == "directory-signature-invalid"


def test_a_root_with_a_threshold_of_its_own_is_refused(repo: Repo, follower: Follower) -> None:
    follower.take(repo)
    repo.found(by=())
    assert repo.root is not None
    repo.root.signatures.clear()
    repo.root.signed.roles["root"].threshold = 1
    repo.put_root(repo.root, root_signers("kz-knb"))
    assert follower.refuses(repo).code == "directory-signature-invalid"


def test_a_quorums_root_of_another_form_is_refused(repo: Repo, follower: Follower) -> None:
    follower.take(repo)
    repo.found(by=())
    assert repo.root is not None
    repo.root.signatures.clear()
    repo.root.signed.roles["targets"].threshold = 1
    repo.put_root(repo.root, root_signers(*FOUNDERS[:2]))
    assert follower.refuses(repo).code == "directory-malformed"


def test_a_publishing_key_of_no_founder_publishes_nothing(repo: Repo, follower: Follower) -> None:
    repo.publish({}, by=signers("uz-sgb", "publishing"))
    assert follower.refuses(repo).code == "directory-signature-invalid"


# --- endless, slow, broken and missing


def test_a_file_that_is_larger_than_any_is_not_read_on(repo: Repo, follower: Follower) -> None:
    repo.files["metadata/timestamp.json"] += b" " * 20_000
    assert follower.refuses(repo).code == "directory-too-large"


def test_a_signed_length_does_not_make_us_read_on(repo: Repo, follower: Follower) -> None:
    assert repo.snapshot is not None
    meta = dict(repo.snapshot.meta)
    meta["targets.json"] = MetaFile(version=1, length=10**12)
    repo.files["metadata/1.targets.json"] += b" " * 2_000_000
    repo.publish({}, meta=meta)
    assert follower.refuses(repo, directory_document_max_bytes=1_000_000).code == "directory-too-large"


def test_an_entry_that_is_larger_than_a_statement_is_not_fetched(repo: Repo, follower: Follower) -> None:
    repo.publish({"uz-sgb": repo.entry("uz-sgb", bytes(300_000), version=2)})
    assert contents(follower.take(repo))["uz-sgb"] == "directory-too-large"


def test_a_zip_file_that_unpacks_to_more_than_it_should_is_refused(repo: Repo, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata/2.root.json", bytes(50_000_000))
    with pytest.raises(HubError) as caught:
        client().refresh(str(bomb), tmp_path / "trusted", repo.first_root)
    assert caught.value.code == "directory-too-large"


def test_too_many_participants_are_refused(repo: Repo, follower: Follower) -> None:
    assert follower.refuses(repo, directory_agencies_max=3).code == "directory-malformed"


@pytest.mark.parametrize("junk", [b"", b"{}", b"[" * 16_000, b'{"signed": {"_type": "x"}}', b"\xff\xfe"])
def test_junk_is_refused(junk: bytes, repo: Repo, follower: Follower) -> None:
    repo.files["metadata/timestamp.json"] = junk
    assert follower.refuses(repo).code == "directory-malformed"


def test_a_missing_file_is_said_to_be_missing(repo: Repo, follower: Follower) -> None:
    del repo.files["metadata/1.snapshot.json"]
    assert follower.refuses(repo).code == "directory-mismatched"


def test_an_empty_folder_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "medium").mkdir()
    with pytest.raises(PeerFault) as caught:
        client().newest_root(str(tmp_path / "medium"))
    assert caught.value.code == "directory-unreachable"


def test_links_and_devices_on_a_medium_are_not_opened(repo: Repo, tmp_path: Path) -> None:
    folder = tmp_path / "medium"
    for make in (lambda path: os.symlink("/dev/zero", path), os.mkfifo):
        repo.write(folder)
        timestamp = folder / "metadata/timestamp.json"
        timestamp.unlink()
        make(timestamp)
        with pytest.raises(PeerFault) as caught:
            client().refresh(str(folder), tmp_path / "trusted", repo.first_root)
        assert caught.value.code == "directory-unreachable"


def test_a_file_that_is_no_zip_is_refused(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK no zip at all")
    with pytest.raises(PeerFault) as caught:
        client().refresh(str(tmp_path / "x.zip"), tmp_path / "trusted", repo.first_root)
    assert caught.value.code == "directory-unreachable"


def test_a_source_of_no_sort_is_refused(repo: Repo, tmp_path: Path) -> None:
    for source, code in (("no such place", "request-invalid"), ("kz-knb", "partner-unknown")):
        with pytest.raises(Refused) as caught:
            client().refresh(source, tmp_path / "trusted", repo.first_root)
        assert caught.value.code == code


def test_a_folder_that_is_called_like_an_agency_is_not_that_agency(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write(tmp_path / "kz-knb")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused) as caught:
        client().newest_root("kz-knb")
    assert caught.value.code == "partner-unknown"
    assert client().newest_root("./kz-knb") == repo.first_root


# --- over the web


@pytest.fixture
def folder(repo: Repo, tmp_path: Path) -> Path:
    return Path(repo.write(tmp_path / "www"))


def test_a_web_server_is_followed(repo: Repo, folder: Path, tmp_path: Path) -> None:
    with served(folder) as url:
        assert client().newest_root(url) == repo.first_root
        seen = client().refresh(url, tmp_path / "trusted", repo.first_root)
    assert contents(seen) == {agency: f"{agency} 1".encode() for agency in PARTICIPANTS}


@pytest.mark.parametrize("trickle", [Trickle(part=b"x", pause_s=0.02), Trickle(part=b"x" * 100, pause_s=0.0)])
def test_a_server_that_never_ends_is_left(trickle: Trickle, repo: Repo, folder: Path, tmp_path: Path) -> None:
    patience_s = 0.5 if trickle.pause_s else 60.0
    with (
        served(folder, endless={"timestamp.json": trickle}) as url,
        pytest.raises(PeerFault) as caught,
    ):
        client(directory_timeout_s=patience_s).refresh(url, tmp_path / "trusted", repo.first_root)
    assert caught.value.code == ("directory-slow" if trickle.pause_s else "directory-too-large")


@pytest.fixture
def quiet() -> Iterator[str]:
    with silent() as url:
        yield url


def test_a_server_that_says_nothing_is_left(quiet: str, repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(PeerFault) as caught:
        client(directory_timeout_s=0.3).refresh(quiet, tmp_path / "trusted", repo.first_root)
    assert caught.value.code in {"directory-slow", "directory-unreachable"}


def test_a_server_that_fails_or_sends_elsewhere_is_unreachable(
    repo: Repo, folder: Path, tmp_path: Path
) -> None:
    for status in (302, 500):
        with served(folder, answers=status) as url, pytest.raises(PeerFault) as caught:
            client().refresh(url, tmp_path / "trusted", repo.first_root)
        assert caught.value.code == "directory-unreachable"
    with pytest.raises(PeerFault) as caught:
        client().refresh("http://127.0.0.1:1", tmp_path / "trusted", repo.first_root)
    assert caught.value.code == "directory-unreachable"
