"""Open a hub: its database, keys, carrier and trust, for a command or a serving process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from adapters.carriers.https import HttpsCarrier
from hub.bootstrap.adapted import Adapters
from hub.bootstrap.authority import AuthorityDesk
from hub.bootstrap.checking import CheckedStore, checked
from hub.bootstrap.collectors import Authorities
from hub.bootstrap.custody import open_keys
from hub.bootstrap.federating import Federation, federation
from hub.bootstrap.leaf_desk import LeafDesk
from hub.bootstrap.leaves import leaf_authority, tls_card
from hub.bootstrap.secrets import Unlock
from hub.bootstrap.settings import settings_of
from hub.bootstrap.witnessing import witness_client, witness_policy
from hub.config import Config, load_config
from hub.entries import PartnerRow
from hub.errors import OurFault, PeerFault, Refused
from hub.exchange.broker import Broker, Profile
from hub.exchange.kept_card import kept_card
from hub.exchange.partners import present_card
from hub.exchange.settings import note_settings
from hub.exchange.taxii.counter import TaxiiCounter
from hub.federation.card import check_url
from hub.federation.trust import REFRESH_AFTER, TrustSource
from hub.policy.approvals import ReleasePolicy
from hub.ports import Store, WitnessClient
from hub.storage import open_store
from hub.storage.blobs import FileBlobStore
from hub.transport.client import HttpsClient
from hub.transport.peer import Issued, recognise
from keys.changes import KeyChanges
from keys.enrolment import ClientCertificate
from keys.keyring import FileKeyring


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        return datetime.now(UTC)


class Shown:
    """Where certificates go that partners showed: to who asks about them, and to who logs their refusal.

    Nobody listens in a command; the serving process sets both.
    """

    def __init__(self) -> None:
        self.asking: Callable[[Issued], None] | None = None
        self.logging: Callable[[str, PeerFault], None] | None = None

    def want(self, leaf: Issued) -> None:
        """Have somebody ask about a certificate."""
        if self.asking is not None:
            self.asking(leaf)

    def refused(self, agency: str, fault: PeerFault) -> None:
        """Have somebody log that who answers for a partner was not believed."""
        if self.logging is not None:
            self.logging(agency, fault)


@dataclass(frozen=True, kw_only=True)
class Hub:
    """One opened hub: what commands and the server work with."""

    config: Config
    keyring: FileKeyring
    broker: Broker
    trust: TrustSource
    checked: CheckedStore
    witness_client: WitnessClient
    federation: Federation
    leaf: LeafDesk
    authority: AuthorityDesk
    shown: Shown

    @property
    def store(self) -> Store:
        """Return the database."""
        return self.broker.store

    @property
    def custody(self) -> KeyChanges:
        """Return where our keys are made, take over and end."""
        return KeyChanges(self.keyring)

    def card(self) -> bytes:
        """Return our signed card as it stands now."""
        return present_card(self.broker)

    def kept_card(self) -> bytes:
        """Return our signed card as it was handed out, while it says the same and is young."""
        return kept_card(self.config.home / "our.card", self.card())

    def enrol(self, member: str, *, csr_pem: bytes | None = None) -> ClientCertificate:
        """Issue the certificate of a member's system, for the key in its request or for a fresh one."""
        return self.authority.enrol(member, csr_pem=csr_pem)


@contextmanager
def open_hub(
    home: Path,
    *,
    unlock: Unlock = None,
    create: bool = False,
    keyring: FileKeyring | None = None,
    wake: Callable[[str], None] | None = None,
) -> Iterator[Hub]:
    """Open a hub's database and keys; close them at the end of the block.

    Before the first change the audit log is compared with what was signed of it, and IntegrityFailure
    `log-rolled-back`, `log-forked` or `log-damaged` raised where it differs; reading goes on. Raises Refused
    `home-missing`, OurFault `config-invalid`, `key-store-invalid`, `storage-unavailable`.
    """
    if not (home / "hub.toml").exists():
        raise Refused("home-missing", f"{home} holds no hub; `hub init --home {home} --agency ID` makes one.")
    config = load_config(home)
    if config.url:
        try:
            check_url(config.url)
        except ValueError as error:
            raise OurFault("config-invalid", f"hub.toml: url: {error}.") from None
    keys = keyring or open_keys(config, unlock)
    store = checked(open_store(config.database_url, create=create), keys, config.log_dir)
    try:
        shown = Shown()
        trust = TrustSource(
            store.read,
            authority_pem=Authorities(keys, store),
            refresh_after=min(REFRESH_AFTER, timedelta(seconds=config.limits.cut_within_s / 3)),
            first_answer_s=config.limits.revocation_first_s,
        )

        def known(leaf: bytes | None, agency: str) -> None:
            at = datetime.now(UTC)
            recognise(leaf, agency, trust.current(at), at, wanted=shown.want)

        client = HttpsClient(keys, limits=config.limits, recognise=known, refused=shown.refused)

        def via(agency: str) -> PartnerRow | None:
            with store.read() as view:
                return view.directory.partner(agency)

        broker = Broker(
            agency=config.agency,
            store=store,
            keyring=keys,
            clock=SystemClock(),
            limits=config.limits,
            blobs=FileBlobStore(config.blobs_dir),
            carrier=HttpsCarrier(client, config.limits, relay=via),
            adapting=Adapters(
                agency=config.agency,
                store=store,
                keyring=keys,
                folder=config.partners_dir,
                counters=lambda agency: TaxiiCounter(broker=broker, agency=agency),
            ),
            pull=config.pull,
            wake=wake or (lambda _lane: None),
            witnesses=witness_policy(config),
            profile=lambda: Profile(
                name=config.name or config.agency,
                url=None if config.pull else config.public_url,
                tls_ca_pem=leaf_authority(keys),
                tls=tls_card(keys, config),
            ),
            confirm_cards=_confirms_cards(config),
            releases=_release_policy(config),
        )
        store.before_changes = partial(note_settings, broker, settings=settings_of(config))
        leaf = LeafDesk(broker, keys, config)
        yield Hub(
            config=config,
            keyring=keys,
            broker=broker,
            trust=trust,
            checked=store,
            witness_client=witness_client(config, keys, known),
            federation=federation(config, keys, partner=via, client=client),
            leaf=leaf,
            authority=AuthorityDesk(broker, keys, config, leaf),
            shown=shown,
        )
    finally:
        store.close()


def _release_policy(config: Config) -> ReleasePolicy:
    try:
        return ReleasePolicy(signed=config.release_signed, secret_officers=config.release_secret_officers)
    except ValueError as error:
        raise OurFault("config-invalid", f"hub.toml: release_secret_officers: {error}.") from None


def _confirms_cards(config: Config) -> bool:
    if config.card_succession not in {"automatic", "confirm"}:
        raise OurFault(
            "config-invalid",
            f"hub.toml: card_succession is automatic or confirm, not {config.card_succession!r}.",
        )
    return config.card_succession == "confirm"
