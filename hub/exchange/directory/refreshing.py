"""Fetch the directory, compare it with the pins, and say what changed. Nothing here touches a pin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from hub.audit.events import Act, AuditEvent
from hub.entries import TrustKind
from hub.errors import HubError
from hub.exchange.broker import Broker, Standing
from hub.exchange.directory.place import AgencyState, Failure, Place, State
from hub.exchange.directory.showing import remember_shown
from hub.federation.directory.differences import differences
from hub.federation.directory.documents import foundation_of, participants_of, read_document
from hub.federation.directory.statement import Statement, held_marks, read_statement, statement_digest
from hub.ports import DirectoryClient, DirectorySeen, EntrySeen
from hub.records.actor import Actor


def refresh(
    broker: Broker,
    client: DirectoryClient,
    place: Place,
    actor: Actor,
    *,
    source: str | None = None,
    always: bool = False,
) -> State:
    """Fetch the directory from where it is followed, or once from another source; return what is known then.

    With `always` it is followed there from now on. Raises what `hub.ports.DirectoryClient` does, and Refused
    `directory-unknown` where no directory, or no source, is known.
    """
    with place.alone():
        return refresh_alone(broker, client, place, actor, source=source, always=always)


def refresh_alone(
    broker: Broker,
    client: DirectoryClient,
    place: Place,
    actor: Actor,
    *,
    source: str | None,
    always: bool = False,
) -> State:
    """Do what `refresh` does, for who keeps other processes out already."""
    before = place.state()
    chosen = source or before.source or str(place.repository)
    followed = always or source is None
    try:
        seen = client.refresh(chosen, place.trusted, place.pinned)
    except HubError as error:
        _note_failure(broker, place, actor, before, error, chosen, followed=followed)
        raise
    standing = broker.standing()
    found = _state(broker, standing, seen, before)
    found = replace(found, source=source if always else before.source)
    if not followed and before.failure is not None and before.failure.code != "directory-expired":
        # A courier does not make up for a source that is followed and fails.
        found = replace(found, failure=before.failure)
    _commit(broker, standing, actor, before, found, seen)
    place.write(found)
    place.mirror()
    return found


def _note_failure(
    broker: Broker,
    place: Place,
    actor: Actor,
    before: State,
    error: HubError,
    source: str,
    *,
    followed: bool,
) -> None:
    """Log a failure, once where it goes on; only where the directory is followed does it stop adoption."""
    if not place.joined:
        return
    if before.failure is not None and before.failure.code == error.code and followed:
        return
    at = broker.clock.now()
    with broker.store.work() as work:
        event = broker.event(
            Act.DIRECTORY_CHANGED,
            actor,
            before.name or "directory",
            at,
            step="refused",
            code=error.code,
            source=source,
        )
        work.stage([event])
        work.commit()
    error.logged = True
    if followed:
        place.write(replace(before, failure=Failure(code=error.code, sentence=error.sentence, since=at)))


def _state(broker: Broker, standing: Standing, seen: DirectorySeen, before: State) -> State:
    root = read_document(seen.root, Root).signed
    targets = read_document(seen.targets, Targets).signed
    documents = {
        "root": root,
        "targets": targets,
        "snapshot": read_document(seen.snapshot, Snapshot).signed,
        "timestamp": read_document(seen.timestamp, Timestamp).signed,
    }
    at = broker.clock.now()
    suspended = {participant.agency for participant in participants_of(targets) if participant.suspended}
    entries = {agency: _read(agency, entry, at) for agency, entry in seen.entries.items()}
    statements = [entry.statement for entry in entries.values() if entry.statement is not None]
    agencies = {}
    for agency, entry in entries.items():
        pinned = standing.partners.get(agency)
        said = entry.statement
        differs = differences(said.card, pinned.card) if said is not None and pinned is not None else ()
        agencies[agency] = AgencyState(
            version=seen.entries[agency].version,
            statement=entry.digest,
            expires_at=None if said is None else said.expires_at,
            code=entry.code,
            suspended=agency in suspended,
            differences=tuple(one.value for one in differs),
            marks=tuple(f"{issuer}:{mark.kind}" for issuer, mark in held_marks(agency, statements, at=at)),
        )
    return replace(
        before,
        name=foundation_of(root).name,
        checked_at=at,
        failure=None,
        versions={role: document.version for role, document in documents.items()},
        expires={role: document.expires for role, document in documents.items()},
        agencies=agencies,
    )


@dataclass(frozen=True, kw_only=True)
class _Entry:
    statement: Statement | None = field(default=None, repr=False)
    digest: str | None = None
    code: str | None = None


def _read(agency: str, entry: EntrySeen, at: datetime) -> _Entry:
    if entry.failure is not None or entry.path is None:
        return _Entry(code=entry.failure.code if entry.failure else "directory-mismatched")
    raw = entry.path.read_bytes()
    try:
        statement = read_statement(raw, agency=agency)
    except HubError as error:
        return _Entry(code=error.code)
    if at >= statement.expires_at:
        return _Entry(code="directory-expired")
    # The card's own bytes are read again where it is adopted: thousands of them are not kept in memory.
    return _Entry(statement=replace(statement, card_raw=b""), digest=statement_digest(raw))


def _commit(
    broker: Broker, standing: Standing, actor: Actor, before: State, found: State, seen: DirectorySeen
) -> None:
    """Log what changed, and keep what was said under its digest; nothing is logged when nothing changed."""
    at = broker.clock.now()
    with broker.store.work() as work:
        events = [
            broker.event(Act.DIRECTORY_CHANGED, actor, subject, at, **details)
            for subject, details in _changes(before, found)
        ]
        changed = [
            agency
            for agency, one in found.agencies.items()
            if one.statement is not None and one.statement != _statement(before, agency)
        ]
        for agency in changed:
            path = seen.entries[agency].path
            if path is not None:
                work.trust.keep(TrustKind.STATEMENT, path.read_bytes())
        if any(before.versions.get(role) != found.versions[role] for role in ("root", "targets")):
            digests = {
                role: work.trust.keep(TrustKind.STATEMENT, raw)
                for role, raw in (("root", seen.root), ("targets", seen.targets))
            }
            events.insert(0, _refreshed(broker, actor, found, digests, at))
        elif before.failure is not None and found.failure is None:
            events.insert(0, _refreshed(broker, actor, found, {}, at))
        compared = {name: one.row.fingerprint for name, one in standing.partners.items()}
        events += remember_shown(broker, work, actor, found, compared, at)
        if events:
            work.stage(events)
            work.commit()


def _refreshed(
    broker: Broker, actor: Actor, found: State, digests: Mapping[str, str], at: datetime
) -> AuditEvent:
    versions = {f"{role}_version": str(version) for role, version in found.versions.items()}
    return broker.event(
        Act.DIRECTORY_CHANGED, actor, found.name or "directory", at, step="refreshed", **versions, **digests
    )


def _changes(before: State, found: State) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what changed about each agency, as the details of an event."""
    nothing = AgencyState(version=0)
    for agency, now in found.agencies.items():
        old = before.agencies.get(agency, nothing)
        if now.statement is not None and now.statement != old.statement:
            yield agency, {"step": "entry", "statement": now.statement, "version": str(now.version)}
        if now.code is not None and now.code != old.code:
            yield agency, {"step": "entry-refused", "code": now.code, "version": str(now.version)}
        if now.differences != old.differences:
            said = " ".join(now.differences) or "none"
            yield agency, {"step": "differs" if now.differences else "agrees", "differences": said}
        if now.suspended != old.suspended:
            yield agency, {"step": "suspended" if now.suspended else "restored"}
        if set(old.marks) - set(now.marks):
            yield agency, {"step": "mark-gone", "marks": " ".join(sorted(set(old.marks) - set(now.marks)))}
        if set(now.marks) - set(old.marks):
            yield agency, {"step": "mark-given", "marks": " ".join(sorted(set(now.marks) - set(old.marks)))}
    for agency in before.agencies.keys() - found.agencies.keys():
        yield agency, {"step": "left"}


def _statement(state: State, agency: str) -> str | None:
    known = state.agencies.get(agency)
    return None if known is None else known.statement
