"""One frozen Config, parsed once from `hub.toml`: unknown keys refused, every limit named, with its unit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_type_hints

from hub.errors import OurFault

_MIB: Final = 1024 * 1024
_TABLES: Final = frozenset({"home", "limits", "token", "algorithms"})
_MAY_BE_0: Final = frozenset({"reconcile_hour", "metrics_port", "witness_quorum"})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Every bound of the hub, in one place.

    `attachments_at_once` counts for each partner. A suspension cuts connections, waiting and streams in every
    process within `cut_within_s`. `carry_max_s` bounds one carry of a batch: a lane's claim,
    which lasts `lane_claim_s`, is renewed for no longer. Staged events get their indices in the log every
    `log_batch_wait_s`; a checkpoint follows within `log_checkpoint_wait_s`. Where an event waits for longer
    than `log_stall_max_s`, nothing is released. Witnesses are asked every `witness_interval_s` for what is
    new, and have `witness_timeout_s`; a quorum that is missing for `witness_missing_max_s` holds releases.
    `witness_forks_max` bounds the evidence that is kept against one log, of each sort. After a change of the
    master key `rewrap_batch_max` bodies are wrapped anew at once, and the older key is needed until a whole
    pass that began `rewrap_settle_s` later found none. A next key for another purpose waits `key_settle_s`,
    so that every process has it; partners that verify with it are waited for too, at most `key_overlap_s`.
    What an officer signs elsewhere is taken for `approval_life_s` after it was asked for.
    With those we can call, cards are exchanged every `card_interval_s`, with those behind a relay every
    `card_relayed_s` and when ours has changed; different cards of one partner that are refused leave one
    entry for each `card_refusal_s`.
    What a comparison of books in which nothing differed has left is let go after `reconcile_keep_s`.
    A message to a partner behind a relay lives `message_life_s`; what it asks is waited for `message_wait_s`,
    and a relay keeps `relay_messages_max` of each hub.
    What falls due with records is looked at every `due_look_s`; people are told the times `..._remind_s`
    before, on the day, and once more when it is overdue by `overdue_escalate_s`. Two people keep a record
    longer than was to be by `keep_longer_max_s` from their decision at most. A correction or withdrawal that
    somebody has not followed `heed_remind_s` after it went out is told.
    At partners without a hub it is looked for parcels and receipts every `parcels_interval_s`; a receipt that
    has not come `receipt_late_s` after its parcel went is shown as missing. While `parcels_held_max` that
    were refused are kept of a partner, no more are taken from it.
    Of TAXII collections at most `taxii_page_objects_max` objects are given, and `taxii_post_objects_max`
    taken, at once.
    The directory of agencies is fetched every `directory_refresh_s`, all of it within `directory_timeout_s`.
    What we publish as current holds for `directory_current_life_s`; people are told `directory_warn_s` before
    an entry, the root or the list of participants expires.
    """

    record_max_bytes: int = 1 * _MIB
    envelope_max_bytes: int = 4 * _MIB
    json_max_depth: int = 32
    batch_max_envelopes: int = 50
    batch_max_bytes: int = 16 * _MIB
    recipients_max: int = 64
    hops_max: int = 4
    relay_waiting_max: int = 2000
    relay_messages_max: int = 64
    message_life_s: float = 3600.0
    message_wait_s: float = 600.0
    subjects_max: int = 1000
    attachments_per_record_max: int = 16
    attachment_max_bytes: int = 2048 * _MIB
    attachment_quota_bytes: int = 16 * 1024 * _MIB
    attachment_chunk_bytes: int = 1 * _MIB
    attachment_unused_s: float = 86400.0
    attachment_let_go_s: float = 3600.0
    disk_reserve_bytes: int = 1024 * _MIB
    clock_skew_s: float = 300.0
    time_to_live_s: float = 7 * 86400.0
    retry_first_s: float = 1.0
    retry_max_s: float = 300.0
    breaker_failures: int = 3
    lane_claim_s: float = 60.0
    lanes_at_once: int = 16
    attachments_at_once: int = 2
    poll_interval_s: float = 0.5
    connect_timeout_s: float = 5.0
    carry_timeout_s: float = 30.0
    carry_max_s: float = 900.0
    cut_within_s: float = 3.0
    handshake_timeout_s: float = 5.0
    request_timeout_s: float = 30.0
    mailbox_wait_max_s: float = 25.0
    token_life_s: int = 300
    session_life_s: int = 900
    approval_life_s: float = 900.0
    idempotency_life_s: float = 86400.0
    request_max_bytes: int = 64 * 1024
    requests_per_minute: int = 6000
    strangers_max: int = 1000
    stranger_log_every_s: float = 60.0
    logins_per_minute: int = 30
    login_failures_max: int = 5
    login_lock_s: float = 300.0
    page_max: int = 200
    parcels_interval_s: float = 5.0
    receipt_late_s: float = 4 * 3600.0
    parcels_held_max: int = 1000
    taxii_page_objects_max: int = 500
    taxii_post_max_bytes: int = 4 * _MIB
    taxii_post_objects_max: int = 5_000
    gap_look_s: float = 60.0
    gap_after_s: float = 3600.0
    due_look_s: float = 3600.0
    reply_remind_s: float = 3 * 86400.0
    confirm_remind_s: float = 86400.0
    heed_remind_s: float = 2 * 86400.0
    review_remind_s: float = 14 * 86400.0
    retention_remind_s: float = 30 * 86400.0
    overdue_escalate_s: float = 7 * 86400.0
    keep_longer_max_s: float = 5 * 366 * 86400.0
    reconcile_back_s: float = 8 * 86400.0
    reconcile_keep_s: float = 400 * 86400.0
    reconcile_differences_max: int = 1000
    reconcile_lines_max: int = 20_000
    reconcile_messages_max: int = 2000
    log_batch_wait_s: float = 0.25
    log_batch_max_entries: int = 256
    log_checkpoint_wait_s: float = 1.0
    log_heartbeat_s: float = 60.0
    log_stall_max_s: float = 30.0
    witness_interval_s: float = 1.0
    witness_timeout_s: float = 10.0
    witness_missing_max_s: float = 900.0
    witness_forks_max: int = 100
    timestamp_interval_s: float = 3600.0
    crl_max_bytes: int = 8 * _MIB
    ocsp_max_bytes: int = 64 * 1024
    crl_life_s: float = 7 * 86400.0
    crl_renewed_s: float = 12 * 3600.0
    revocation_interval_s: float = 300.0
    revocation_timeout_s: float = 10.0
    revocation_fresh_s: float = 86400.0
    revocation_age_max_s: float = 8 * 86400.0
    revocation_first_s: float = 3600.0
    revocation_wanted_max: int = 256
    leaf_renewed_before_s: float = 60 * 86400.0
    expiry_look_s: float = 3600.0
    rewrap_batch_max: int = 256
    rewrap_settle_s: float = 120.0
    key_settle_s: float = 5.0
    key_overlap_s: float = 3 * 86400.0
    card_interval_s: float = 30.0
    card_refusal_s: float = 3600.0
    card_relayed_s: float = 6 * 3600.0
    directory_refresh_s: float = 3600.0
    directory_timeout_s: float = 60.0
    directory_document_max_bytes: int = 8 * _MIB
    directory_agencies_max: int = 1000
    directory_current_life_s: float = 7 * 86400.0
    directory_warn_s: float = 14 * 86400.0


@dataclass(frozen=True, kw_only=True)
class TokenConfig:
    """A PKCS #11 token: the module that reaches it, its label, and for which purposes it makes new keys.

    With `unlock` it also holds the secret that opens the key files, so that nothing opens without it.
    `pin_file` is where its PIN lies, `token-pin` in the home unless it says otherwise.
    """

    module: str
    label: str
    purposes: tuple[str, ...] = ()
    unlock: bool = False
    pin_file: str = ""


@dataclass(frozen=True, kw_only=True)
class Config:
    """What one hub is told. `database` is an SQLAlchemy URL; `url` is how partners call this hub.

    `home` holds everything the hub keeps in files: keys, embedded database, attachments.
    `pull` says that nobody can call this hub, so that it polls its partners' mailboxes.
    `reconcile_hour` is the hour of the day, in UTC, from which on the books are compared with partners.
    `workers` above 1 needs PostgreSQL: SQLite has one writing process.
    `witnesses` are partners that cosign our log, `witness_quorum` how many of them are needed.
    `token` is where some keys lie instead of in files, and `algorithms` says by which algorithm the keys of a
    purpose are made. `tsa_url` is a time stamping authority (RFC 3161), `tsa_roots` a PEM file of roots that
    it is believed under, beside hub.toml unless it is an absolute path.
    `card_succession` says what a partner's next card does that its pinned keys have signed: it takes the
    place of the pinned one (`automatic`), or waits until a custodian approves it (`confirm`).
    `unsafe_member_enrolment_alone` lets whoever is at the console admit members without a second custodian.
    With `release_signed` nobody releases without a signing key of their own. What is secret or above takes
    `release_secret_officers` beside its author.
    """

    home: Path
    agency: str
    name: str = ""
    host: str = "127.0.0.1"
    port: int = 8443
    url: str = ""
    pull: bool = False
    metrics_port: int = 0
    database: str = ""
    workers: int = 1
    threads: int = 16
    reconcile_hour: int = 1
    witnesses: tuple[str, ...] = ()
    witness_quorum: int = 0
    tsa_url: str = ""
    tsa_roots: str = ""
    revocation_url: str = ""
    unsafe_proxy_socket: str = ""
    unsafe_member_enrolment_alone: bool = False
    token: TokenConfig | None = None
    algorithms: Mapping[str, str] = field(default_factory=dict)
    card_succession: str = "automatic"
    release_signed: bool = False
    release_secret_officers: int = 1
    limits: Limits = field(default_factory=Limits)

    @property
    def keys_dir(self) -> Path:
        """Where the key store is."""
        return self.home / "keys"

    @property
    def blobs_dir(self) -> Path:
        """Where attachment ciphertext is."""
        return self.home / "attachments"

    @property
    def tsa_roots_file(self) -> Path:
        """Where the roots of the time stamping authority are."""
        return self.home / self.tsa_roots

    @property
    def partners_dir(self) -> Path:
        """Where adapters keep what must last, a folder for each partner without a hub."""
        return self.home / "partners"

    @property
    def log_dir(self) -> Path:
        """Where the audit log is published as static files."""
        return self.home / "log"

    @property
    def directory_dir(self) -> Path:
        """Where the directory of agencies is kept."""
        return self.home / "directory"

    @property
    def authority_dir(self) -> Path:
        """Where our CRLs are written for web servers to hand out."""
        return self.home / "ca"

    @property
    def proxy_socket(self) -> Path | None:
        """Where a proxy hands connections over, if one does."""
        return self.home / self.unsafe_proxy_socket if self.unsafe_proxy_socket else None

    @property
    def revocation_base(self) -> str:
        """Return under which address our CRL and OCSP answers are; empty where nobody can fetch them."""
        return self.revocation_url or ("" if self.pull else self.public_url)

    @property
    def database_url(self) -> str:
        """Return the configured database, or the embedded one in the home."""
        return self.database or f"sqlite:///{self.home / 'hub.sqlite3'}"

    @property
    def public_url(self) -> str:
        """Return how partners reach us: as told, or the listening address."""
        return self.url or f"https://{self.host}:{self.port}"


def load_config(home: Path) -> Config:
    """Read `hub.toml` in a home. Raises OurFault `config-invalid` that names the key and what it takes."""
    path = home / "hub.toml"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OurFault(
            "config-invalid", f"There is no {path}; `hub init --home {home} --agency ID` makes one."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OurFault("config-invalid", f"{path} is not TOML: {error}.") from None
    limits = _table(told, "limits", "names and numbers")
    token = _table(told, "token", "a token's module, label and purposes")
    algorithms = _table(told, "algorithms", "purposes of keys and names of algorithms")
    if not all(isinstance(one, str) for one in algorithms.values()):
        raise OurFault("config-invalid", '[algorithms] has texts, like sign-es256 = "p-256".')
    if "home" in told:
        raise OurFault("config-invalid", "`home` is where hub.toml lies and is not set in it.")
    values = _checked(Config, told, where="")
    config = Config(
        home=home,
        **values,
        token=TokenConfig(**_checked(TokenConfig, token, where="token.")) if token else None,
        algorithms=algorithms,
        limits=Limits(**_checked(Limits, limits, where="limits.")),
    )
    _check_witnesses(config)
    return config


def _table(told: dict[str, Any], name: str, what: str) -> dict[str, Any]:
    table = told.pop(name, {})
    if not isinstance(table, dict):
        raise OurFault("config-invalid", f"[{name}] is a table of {what}.")
    return table


def _check_witnesses(config: Config) -> None:
    """Refuse a quorum that could never be met, and a time stamping authority that nothing is believed of."""
    if len({config.agency, *config.witnesses}) != len(config.witnesses) + 1:
        raise OurFault("config-invalid", "hub.toml: witnesses names other agencies, each of them once.")
    if config.witness_quorum > len(config.witnesses):
        raise OurFault(
            "config-invalid",
            f"hub.toml: witness_quorum is {config.witness_quorum}, but witnesses names "
            f"{len(config.witnesses)}; it could never be met.",
        )
    if bool(config.tsa_url) != bool(config.tsa_roots):
        raise OurFault("config-invalid", "hub.toml: tsa_url and tsa_roots go together.")
    if config.revocation_url and not config.revocation_url.startswith(("http://", "https://")):
        raise OurFault("config-invalid", "hub.toml: revocation_url begins with http:// or https://.")
    if config.tsa_url and not config.tsa_url.startswith(("http://", "https://")):
        raise OurFault("config-invalid", "hub.toml: tsa_url begins with http:// or https://.")


def _checked(kind: type, told: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return the told values with their types checked; refuse unknown and missing keys."""
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind) if f.name not in _TABLES}
    tables = "" if where else " and the tables [limits], [token] and [algorithms]"
    unknown = sorted(set(told) - set(known))
    if unknown:
        raise OurFault(
            "config-invalid",
            f"hub.toml: unknown key {where}{unknown[0]}; "
            f"known: {', '.join(where + k for k in sorted(known))}{tables}.",
        )
    missing = [
        name
        for name, f in known.items()
        if f.default is MISSING and f.default_factory is MISSING and name not in told
    ]
    if missing:
        raise OurFault("config-invalid", f"hub.toml: {where}{missing[0]} is missing.")
    return {name: _typed(where + name, hints[name], value) for name, value in told.items()}


def _typed(name: str, kind: type, value: Any) -> Any:
    """Return a value of the declared type; numbers must be positive (0 only where it means none)."""
    if kind == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise OurFault("config-invalid", f'hub.toml: {name} takes a list of texts, like ["cis-atc"].')
        return tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise OurFault(
            "config-invalid", f"hub.toml: {name} takes {_called(kind)}, not {_called(type(value))}."
        )
    least = 0 if name in _MAY_BE_0 else 1e-9
    if kind in (int, float) and float(str(value)) < least:
        raise OurFault("config-invalid", f"hub.toml: {name} must be above 0, it is {value}.")
    if name == "reconcile_hour" and int(str(value)) > 23:
        raise OurFault("config-invalid", f"hub.toml: {name} is an hour from 0 to 23, it is {value}.")
    return value


def _called(kind: type) -> str:
    """Return what a type is called in a configuration."""
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(kind, "a table or a list")
