"""`hub officer`: the people who draft, release and read, with a password and a time-based code each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

import click

from hub.audit.events import Act
from hub.audit.trail import writes, writes_nothing
from hub.cli.answer import Answer, facts, instant, table
from hub.cli.credentials import new_password, officer_options, password_fd_option, sign_in_to_sign
from hub.cli.files import read_text
from hub.cli.frame import Noun, trail
from hub.cli.home import administrator, home_option, opened, unlock_option
from hub.entries import OfficerKeyRow, OfficerRow
from hub.exchange import accounts, officer_keys
from hub.exchange.officer_keys import read_public_jwk
from hub.records.actor import Role
from hub.records.label import Classification

if TYPE_CHECKING:
    from hub.bootstrap.secrets import Unlock

_MAY: Final = {
    Role.DRAFTER: "writes records, corrections and withdrawals",
    Role.RELEASER: "decides whether another officer's draft goes out",
    Role.READER: "reads content, with a justification that is logged",
    Role.AUDITOR: "reads the log",
    Role.CUSTODIAN: "changes partners, members, officers and agreements",
    Role.OPERATOR: "resumes and drops what waits in the queue",
}

_LEVELS: Final = click.Choice([level.value for level in Classification])

role_option: Final = click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="What the officer may do; may be repeated.",
)


@click.group(cls=Noun)
def officer() -> None:
    """Open accounts for officers, and say what each may do."""


@trail(writes(Act.OFFICER_CHANGED, Act.OFFICER_KEY))
@officer.command(
    examples=(
        "hub officer add aigerim --role drafter --role reader --clearance secret",
        "hub officer add bolat --role releaser --role reader --password-fd 3 3<password",
    )
)
@click.argument("name", help="The officer's account name.")
@role_option
@click.option(
    "--clearance",
    type=_LEVELS,
    default=accounts.CLEARANCE.value,
    show_default=True,
    help="Up to which classification the officer may be shown records.",
)
@click.option(
    "--compartment",
    "compartments",
    multiple=True,
    metavar="NAME",
    help="A group of those who need to know that the officer is in; may be repeated.",
)
@password_fd_option
@home_option
@unlock_option
def add(
    name: str,
    roles: tuple[str, ...],
    clearance: str,
    compartments: tuple[str, ...],
    password_fd: int | None,
    home: Path,
    unlock: Unlock,
) -> Answer:
    """Open an account; the secret for the officer's authenticator is shown this once."""
    password = new_password(password_fd)
    with opened(home, unlock) as hub:
        enrolment = accounts.add_officer(
            hub.broker,
            administrator(hub.config.agency),
            name=name,
            password=password,
            roles=[Role(role) for role in roles],
            clearance=Classification(clearance),
            compartments=compartments,
        )
    return _enrolled(enrolment, f"The account of {name} is open.")


@trail(writes(Act.OFFICER_CHANGED, Act.OFFICER_KEY))
@officer.command(examples=("hub officer reset aigerim",))
@click.argument("name", help="The officer's account name.")
@password_fd_option
@home_option
@unlock_option
def reset(name: str, password_fd: int | None, home: Path, unlock: Unlock) -> Answer:
    """Give an officer a new password and a new authenticator secret, when one of them was lost."""
    password = new_password(password_fd)
    with opened(home, unlock) as hub:
        enrolment = accounts.reset(hub.broker, administrator(hub.config.agency), name=name, password=password)
    return _enrolled(enrolment, f"{name} has a new password and a new authenticator secret.")


@trail(writes_nothing("the directory, and nobody that a record is about"))
@officer.command("list", examples=("hub officer list",))
@home_option
@unlock_option
def list_(home: Path, unlock: Unlock) -> Answer:
    """List the officers with their roles and whether they can sign in."""
    with opened(home, unlock) as hub:
        now = hub.broker.clock.now()
        with hub.store.read() as view:
            rows = view.directory.officers()
    if not rows:
        return Answer(
            document={"officers": []},
            people=("There is no officer yet; a release takes two.",),
            then=(
                "hub officer add NAME --role drafter",
                "hub officer add NAME --role releaser --role reader",
            ),
        )
    columns = (
        "officer",
        "roles",
        "cleared for",
        "compartments",
        "account",
        "failed logins",
        "locked until (UTC)",
        "since (UTC)",
    )
    cells = [
        (
            r.name,
            _roles(r),
            r.clearance.value,
            list(r.compartments),
            "open" if r.active else "closed",
            r.failed_logins,
            r.locked_until if r.locked_until and r.locked_until > now else None,
            r.added_at,
        )
        for r in rows
    ]
    return Answer(
        document={"officers": [as_document(r) for r in rows]},
        people=(table(columns, cells, numbers=("failed logins",)),),
    )


@trail(writes(Act.OFFICER_CHANGED, or_nothing="roles are explained, or stay as they were"))
@officer.command("roles", examples=("hub officer roles", "hub officer roles aigerim --role reader"))
@click.argument("name", required=False, help="The officer; without one, the roles are explained.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="What the officer may do from now on; may be repeated. All others end.",
)
@home_option
@unlock_option
def roles_(name: str | None, roles: tuple[str, ...], home: Path, unlock: Unlock) -> Answer:
    """Say what the roles are, or set the roles of an officer."""
    if name is None:
        return Answer(
            document={"roles": [{"role": role.value, "may": may} for role, may in _MAY.items()]},
            people=(table(("role", "may"), [(role.value, may) for role, may in _MAY.items()]),),
            then=("hub officer roles NAME --role ROLE",),
        )
    with opened(home, unlock) as hub:
        row = accounts.change_roles(
            hub.broker,
            administrator(hub.config.agency),
            name=name,
            roles=[Role(role) for role in roles],
        )
    return Answer(document=as_document(row), people=(f"{name} is now: {', '.join(_roles(row))}.",))


@trail(writes(Act.OFFICER_CHANGED))
@officer.command(
    examples=(
        "hub officer clear aigerim --clearance secret",
        "hub officer clear aigerim --clearance secret --compartment almaty",
    )
)
@click.argument("name", help="The officer's account name.")
@click.option(
    "--clearance",
    type=_LEVELS,
    required=True,
    help="Up to which classification the officer may be shown records from now on.",
)
@click.option(
    "--compartment",
    "compartments",
    multiple=True,
    metavar="NAME",
    help="A compartment that the officer is in from now on; may be repeated. All others end.",
)
@home_option
@unlock_option
def clear(name: str, clearance: str, compartments: tuple[str, ...], home: Path, unlock: Unlock) -> Answer:
    """Say what an officer is cleared for, and in which compartments; open sessions end."""
    with opened(home, unlock) as hub:
        row = accounts.change_clearance(
            hub.broker,
            administrator(hub.config.agency),
            name=name,
            clearance=Classification(clearance),
            compartments=compartments,
        )
    told = f", in {', '.join(row.compartments)}" if row.compartments else ""
    return Answer(document=as_document(row), people=(f"{name} is cleared for {clearance}{told}.",))


@trail(writes(Act.OFFICER_CHANGED))
@officer.command(examples=("hub officer disable aigerim",))
@click.argument("name", help="The officer's account name.")
@home_option
@unlock_option
def disable(name: str, home: Path, unlock: Unlock) -> Answer:
    """Close an account at once; what the officer did stays in the log."""
    with opened(home, unlock) as hub:
        row = accounts.set_active(hub.broker, administrator(hub.config.agency), name=name, active=False)
    return Answer(
        document=as_document(row),
        people=(f"The account of {name} is closed.",),
        then=(f"hub officer enable {name}",),
    )


@trail(writes(Act.OFFICER_CHANGED))
@officer.command(examples=("hub officer enable aigerim",))
@click.argument("name", help="The officer's account name.")
@home_option
@unlock_option
def enable(name: str, home: Path, unlock: Unlock) -> Answer:
    """Open a closed account again, with the password and the authenticator it had."""
    with opened(home, unlock) as hub:
        row = accounts.set_active(hub.broker, administrator(hub.config.agency), name=name, active=True)
    return Answer(document=as_document(row), people=(f"The account of {name} is open.",))


@trail(writes(Act.OFFICER_CHANGED))
@officer.command("unlock", examples=("hub officer unlock aigerim",))
@click.argument("name", help="The officer's account name.")
@home_option
@unlock_option
def lift_lock(name: str, home: Path, unlock: Unlock) -> Answer:
    """Lift the lock that too many failed logins set; it ends by itself after a while, too."""
    with opened(home, unlock) as hub:
        row = accounts.lift_lock(hub.broker, administrator(hub.config.agency), name=name)
    return Answer(document=as_document(row), people=(f"{name} can sign in again.",))


@trail(writes(Act.OFFICER_KEY))
@officer.command(
    examples=(
        "hub officer enrol --as bolat",
        "hub officer enrol --as bolat --public-key bolat.pem",
    )
)
@click.option(
    "--public-key",
    metavar="FILE",
    help="The public half (PEM, P-256) of a key that you keep yourself; the hub has no private half then.",
)
@officer_options
@home_option
@unlock_option
def enrol(
    public_key: str | None, officer: str, password_fd: int | None, home: Path, unlock: Unlock
) -> Answer:
    """Register your own next signing key: a release is your signature with it.

    Without --public-key one is made here, which your password opens and nothing else. The key before it is
    revoked; what it signed stays signed.
    """
    with opened(home, unlock) as hub:
        actor, password = sign_in_to_sign(hub.broker, officer, password_fd)
        if public_key is None:
            row = officer_keys.enrol(hub.broker, actor, password=password)
        else:
            row = officer_keys.enrol(hub.broker, actor, public=read_public_jwk(read_text(public_key)))
    return _key_answer(row, f"{officer} signs releases with this key from now on.")


@trail(writes(Act.OFFICER_KEY))
@officer.command("revoke-key", examples=("hub officer revoke-key bolat",))
@click.argument("name", help="The officer's account name.")
@home_option
@unlock_option
def revoke_key(name: str, home: Path, unlock: Unlock) -> Answer:
    """Revoke an officer's signing key at once; what it signed before stays signed."""
    with opened(home, unlock) as hub:
        row = officer_keys.revoke(hub.broker, administrator(hub.config.agency), name)
    return _key_answer(
        row, f"The signing key of {name} is revoked.", then=(f"hub officer enrol --as {name}",)
    )


def _key_answer(row: OfficerKeyRow, sentence: str, then: tuple[str, ...] = ()) -> Answer:
    told = {
        "kid": row.kid,
        "officer": row.officer,
        "custody": row.custody.value,
        "registered_at": instant(row.registered_at),
        "revoked_at": instant(row.revoked_at),
    }
    return Answer(document=told, people=(sentence, facts({"key": row.kid})), then=then)


def as_document(row: OfficerRow) -> dict[str, object]:
    """Return an officer for machines; never a secret."""
    return {
        "name": row.name,
        "roles": _roles(row),
        "clearance": row.clearance.value,
        "compartments": list(row.compartments),
        "active": row.active,
        "failed_logins": row.failed_logins,
        "locked_until": instant(row.locked_until),
        "added_at": instant(row.added_at),
    }


def _roles(row: OfficerRow) -> list[str]:
    return [role.value for role in Role if role in row.roles]


def _enrolled(enrolment: accounts.Enrolment, sentence: str) -> Answer:
    row, uri = enrolment.officer, enrolment.totp_uri
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return Answer(
        document={**as_document(row), "totp_uri": uri, "totp_secret": secret},
        people=(
            sentence,
            facts(
                {
                    "roles": _roles(row),
                    "cleared for": row.clearance.value,
                    "secret": grouped,
                    "for an app": uri,
                }
            ),
            "Give the secret to the officer now: it is not shown again. It makes a code every 30 seconds.",
        ),
        then=(
            "hub officer list      (one drafts, another releases: there must be two)",
            f"hub record draft FILE --to AGENCY --as {row.name}",
        ),
    )
