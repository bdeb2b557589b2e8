"""Publish the directory: changes that enough founders have signed, renewed entries, and what is current.

Everything is first followed by our own client, on a copy of what we trust: nothing is published that we
would refuse ourselves.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from tuf.api.metadata import Root, Targets

from hub.audit.events import Act
from hub.errors import PeerFault, Refused
from hub.exchange.broker import Broker
from hub.exchange.directory.joining import entry_is_due, mark_changes, sign_entry
from hub.exchange.directory.place import Place, State
from hub.exchange.directory.refreshing import refresh_alone
from hub.federation.directory.changes import (
    Base,
    Change,
    approvals,
    change_invalid,
    check_follows,
    joined,
)
from hub.federation.directory.documents import (
    foundation_of,
    make_snapshot,
    make_timestamp,
    participants_of,
    read_document,
    role_versions,
    signed_by,
)
from hub.federation.directory.joining import Joining, read_joining
from hub.policy.decision import require
from hub.policy.four_eyes import may_administer
from hub.ports import DirectoryClient, DirectoryKeys
from hub.records.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Edition:
    """What goes out next: the change, the renewed entries, and the trust marks that we give or withdraw."""

    changes: Sequence[Change] = ()
    requests: Sequence[bytes] = field(default=(), repr=False)
    give: Collection[tuple[str, str]] = ()
    withdraw: Collection[tuple[str, str]] = ()


def publish(
    broker: Broker,
    client: DirectoryClient,
    keys: DirectoryKeys,
    place: Place,
    actor: Actor,
    card: bytes,
    edition: Edition,
) -> State:
    """Publish an edition into our repository, and follow it from there on ourselves.

    Raises Refused `directory-key-missing` where we are no founder, `directory-approval-missing`,
    `directory-change-invalid`, and what following it raises.
    """
    require(may_administer(actor))
    with place.alone():
        _catch_up(broker, client, place, actor)
        base, state = place.base(), place.state()
        change = _approved(edition.changes, base)
        targets_raw = change.targets if change else place.document("targets")
        root_raw = change.root if change is not None and change.root is not None else place.document("root")
        root, targets = read_document(root_raw, Root).signed, read_document(targets_raw, Targets).signed
        publishing = keys.publishing()
        if not publishing or publishing[0].public_key.keyid not in root.roles["timestamp"].keyids:
            raise Refused(
                "directory-key-missing",
                "Only a founder of the directory publishes it; hand the file to one of "
                f"{', '.join(foundation_of(root).agencies)}.",
            )
        entries, state = _entries(broker, keys, place, state, card, edition, change, targets)
        files = _files(broker, keys, place, change, entries)
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder), files)
            _try(client, place, folder, place.pinned if place.joined else root_raw)
            if not place.joined:
                place.pin(root_raw)
            _log(broker, actor, foundation_of(root).name, change, entries)
            place.write(replace(state, source=None))
            return refresh_alone(broker, client, place, actor, source=folder)


def due(broker: Broker, keys: DirectoryKeys, place: Place, card: bytes) -> bool:
    """Tell whether we publish the directory, and it is time to say anew that it is current."""
    timestamp, root = place.timestamp(), place.base().root
    if timestamp is None or root is None or place.state().source is not None:
        return False
    publishing = keys.publishing()
    if not publishing or publishing[0].public_key.keyid not in root.roles["timestamp"].keyids:
        return False
    life = timedelta(seconds=broker.limits.directory_current_life_s)
    if timestamp.expires - broker.clock.now() < life * 3 / 4:
        return True
    ours = frozenset(signer.public_key.keyid for signer in keys.entry())
    listed = {
        participant.agency: frozenset(key.keyid for key in participant.keys)
        for participant in place.base().participants
    }
    return listed.get(broker.agency) == ours and entry_is_due(broker, place, card)


def export(place: Place, target: Path) -> None:
    """Copy the directory into a new folder, or into a new zip file where the name ends so.

    Raises Refused `file-exists`, and `directory-unknown` where there is nothing to copy.
    """
    if not (place.repository / "metadata" / "timestamp.json").exists():
        raise Refused("directory-unknown", "This hub has no directory to copy; refresh it first.")
    if target.exists():
        raise Refused("file-exists", f"{target} is there already; it is not overwritten.")
    try:
        if target.suffix == ".zip":
            _zip(place.repository, target)
        else:
            shutil.copytree(place.repository, target)
    except OSError as error:
        raise Refused("not-found", f"{target} cannot be written: {error.strerror}.") from None


def _zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob("*/**/*")):
            if path.is_file():
                archive.write(path, str(path.relative_to(folder)))


def _approved(changes: Sequence[Change], base: Base) -> Change | None:
    if not changes:
        if base.root is None:
            raise Refused(
                "directory-unknown", "This hub has no directory to publish; found or join one first."
            )
        return None
    change = joined(changes)
    check_follows(change, base)
    state = approvals(change, base)
    if not state.enough:
        raise Refused(
            "directory-approval-missing",
            f"{len(state.signed)} of the {state.needed} founders that are needed have approved the change"
            f"{': ' + ', '.join(state.signed) if state.signed else ''}. "
            f"`hub directory approve` is missing from {', '.join(state.missing)}.",
        )
    return change


def _entries(
    broker: Broker,
    keys: DirectoryKeys,
    place: Place,
    state: State,
    card: bytes,
    edition: Edition,
    change: Change | None,
    targets: Targets,
) -> tuple[dict[str, Joining], State]:
    """Return the entries that are new, each signed by the keys that the directory lists for its agency."""
    listed = {
        participant.agency: frozenset(key.keyid for key in participant.keys)
        for participant in participants_of(targets)
    }
    snapshot = place.snapshot()
    versions = role_versions(snapshot) if snapshot is not None else {}
    found: dict[str, Joining] = {}
    brought = [*(change.requests.values() if change else ()), *edition.requests]
    for joining in map(read_joining, brought):
        agency = joining.agency
        if frozenset(key.keyid for key in joining.entry_keys) != listed.get(agency):
            raise change_invalid(
                f"the entry keys of {agency} are not those in the directory; propose its request first"
            )
        if joining.version <= versions.get(agency, 0):
            raise change_invalid(
                f"the entry of {agency} has version {joining.version}, and {versions[agency]} is published"
            )
        found[agency] = joining
    given = mark_changes(state.given, give=edition.give, withdraw=edition.withdraw, at=broker.clock.now())
    ours = frozenset(signer.public_key.keyid for signer in keys.entry())
    renews = broker.agency not in found and (given != state.given or entry_is_due(broker, place, card))
    if ours and ours == listed.get(broker.agency) and renews:
        found[broker.agency], state = sign_entry(broker, keys, place, state, card, given=given)
    elif given != state.given:
        raise change_invalid("this hub has no entry of its own yet to give trust marks in")
    return found, state


def _files(
    broker: Broker, keys: DirectoryKeys, place: Place, change: Change | None, entries: dict[str, Joining]
) -> dict[str, bytes]:
    """Return the new files of the repository, by name."""
    expires = broker.clock.now() + timedelta(seconds=broker.limits.directory_current_life_s)
    before, stamp = place.snapshot(), place.timestamp()
    changed = {agency: joining.role for agency, joining in entries.items()}
    if change is not None:
        changed["targets"] = change.targets
    version = max(before.version if before else 0, stamp.snapshot_meta.version if stamp else 0) + 1
    snapshot = signed_by(make_snapshot(before, changed, version=version, expires=expires), keys.publishing())
    number = (stamp.version if stamp else 0) + 1
    timestamp = signed_by(make_timestamp(snapshot, version=number, expires=expires), keys.publishing())
    files = {f"metadata/{version}.snapshot.json": snapshot, "metadata/timestamp.json": timestamp}
    if change is not None:
        files[f"metadata/{read_document(change.targets, Targets).signed.version}.targets.json"] = (
            change.targets
        )
        if change.root is not None:
            files[f"metadata/{read_document(change.root, Root).signed.version}.root.json"] = change.root
    for agency, joining in entries.items():
        files[f"metadata/{joining.version}.{agency}.json"] = joining.role
        files[f"targets/{agency}/{sha256(joining.statement).hexdigest()}.entry.jws"] = joining.statement
    return files


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _catch_up(broker: Broker, client: DirectoryClient, place: Place, actor: Actor) -> None:
    """Fetch what another founder has published since; one that cannot be reached may be why we take over."""
    if place.joined and place.state().source is not None:
        with contextlib.suppress(PeerFault):
            refresh_alone(broker, client, place, actor, source=None)


def _try(client: DirectoryClient, place: Place, source: str, pinned_root: bytes) -> None:
    """Follow the edition on a copy of what we trust; raise what a partner's client would raise."""
    with _copied(place) as copy:
        client.refresh(source, copy, pinned_root)


@contextmanager
def _copied(place: Place) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "trusted"
        if place.trusted.exists():
            shutil.copytree(place.trusted, copy, symlinks=True)
        yield copy


def _log(broker: Broker, actor: Actor, name: str, change: Change | None, entries: dict[str, Joining]) -> None:
    """Log what we publish; that it is current still is said daily, signed by us, and leaves no entry."""
    if change is None and not entries:
        return
    details = {"step": "published", "entries": " ".join(sorted(entries))}
    with broker.store.work() as work:
        work.stage([broker.event(Act.DIRECTORY_CHANGED, actor, name, broker.clock.now(), **details)])
        work.commit()
