"""The hub's own leaf: issued by our authority and kept in force, or asked of a foreign one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from hub.audit.events import Act
from hub.bootstrap.leaves import host_names_of, is_issued_by
from hub.config import Config
from hub.entries import CertificateRow
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.cards.telling import tell_all
from hub.exchange.certificates.expiring import Ending, ending_of
from hub.exchange.certificates.issuing import record, row_of
from hub.federation.authorities import authority_id, key_pin
from hub.ports import EventQuery
from hub.records.actor import Actor
from keys.foreign import foreign_chain, install_leaf, request_leaf
from keys.keyring import FileKeyring, renew_leaf
from keys.locks import renewing

_PAGE = 500


def log_authority(
    broker: Broker, keyring: FileKeyring, actor: Actor, step: str, which: str, **more: str
) -> None:
    """Log a step of an authority above leaves, ours or a foreign one."""
    keyring.look_again()
    with broker.store.work() as work:
        at = broker.clock.now()
        told = {"step": step, "authority": which, **more}
        work.stage([broker.event(Act.KEY_CHANGED, actor, broker.agency, at, **told)])
        work.commit()


class LeafDesk:
    """What this hub answers and calls with, over one database and one key store."""

    def __init__(self, broker: Broker, keyring: FileKeyring, config: Config) -> None:
        self._broker = broker
        self._keyring = keyring
        self._config = config
        self._foreign_logged = ""

    def own(self) -> Sequence[Ending]:
        """Return the ends of our leaf and of our authorities."""
        agency = self._broker.agency
        leaf = ending_of(self._leaf_path().read_bytes(), what="hub", agency=agency)
        return [
            leaf,
            *(ending_of(held.pem, what="authority", agency=agency) for held in self._keyring.authorities()),
            *(
                ending_of(pem, what="foreign-authority", agency=agency)
                for pem in foreign_chain(self._keyring.directory)
            ),
        ]

    def present(self) -> x509.Certificate:
        """Return the certificate that this hub answers and calls with."""
        return x509.load_pem_x509_certificate(self._leaf_path().read_bytes())

    def row(self) -> CertificateRow:
        """Return our leaf as it is put on record."""
        leaf, broker = self.present(), self._broker
        issuer = self._issuer_of(leaf) or ""
        return row_of(leaf, authority=issuer, use="hub", at=broker.clock.now(), by=str(broker.itself))

    def renew_when_due(self) -> bool:
        """Renew our leaf before its end, or when another authority issues now; tell whether it was done.

        Partners have nothing to do, and a running hub shows the new one on new connections; before another
        authority's they are told of it while the old one is taken still. After a crash between the file and
        its event the leaf is put on record by the next turn.
        """
        if foreign_chain(self._keyring.directory):
            self._log_foreign(self._broker.itself)
            return False  # its authority renews it: the alarms say when that is to be asked for
        with renewing(self._keyring.directory, wait=False) as is_ours:
            # A command that gave our authority up has the lock while it tells partners and renews by itself.
            return is_ours and self._renewed()

    def _renewed(self) -> bool:
        leaf, at = self.present(), self._broker.clock.now()
        present = self._keyring.authorities()[0]
        before = timedelta(seconds=self._broker.limits.leaf_renewed_before_s)
        late = leaf.not_valid_after_utc - at <= before
        if not late and is_issued_by(leaf, present) and not self._is_revoked(leaf):
            self.keep_on_record(leaf)
            return False
        if present.certificate.not_valid_after_utc - at < before:
            return False  # it cannot outlive its authority: the alarms say that one is to be made
        if not is_issued_by(leaf, present):
            tell_all(self._broker)
        self.renew(self._broker.itself)
        return True

    def renew(self, actor: Actor, host_names: Sequence[str] = ()) -> x509.Certificate:
        """Issue a new leaf for our hub; without names it keeps those that the old one has."""
        at = self._broker.clock.now()
        if foreign_chain(self._keyring.directory):
            raise Refused(
                "transition-invalid",
                "The hub's certificate is from a foreign authority; `hub ca foreign-request` asks it.",
            )
        renew_leaf(
            self._keyring,
            host_names=host_names or host_names_of(self.present()),
            at=at,
            revocation_url=self._config.revocation_base,
        )
        leaf = self.present()
        with self._broker.store.work() as work:
            event = self._broker.event(
                Act.KEY_CHANGED,
                actor,
                self._broker.agency,
                at,
                step="tls-renewed",
                certificate=leaf.fingerprint(hashes.SHA256()).hex(),
            )
            work.stage([event])
            if (issuer := self._issuer_of(leaf)) is not None:
                record(self._broker, work, actor, leaf, authority=issuer, use="hub")
            work.commit()
        return leaf

    def keep_on_record(self, leaf: x509.Certificate) -> None:
        """Put the present leaf on record where it is not: a home that was made before there was one."""
        issuer = self._issuer_of(leaf)
        thumbprint = leaf.fingerprint(hashes.SHA256()).hex()
        with self._broker.store.read() as view:
            if issuer is None or view.certificates.get(thumbprint) is not None:
                return
        with self._broker.store.work() as work:
            record(self._broker, work, self._broker.itself, leaf, authority=issuer, use="hub")
            work.commit()

    def _is_revoked(self, leaf: x509.Certificate) -> bool:
        """Tell whether our own leaf was given up: a crash may have come before the next one was issued."""
        with self._broker.store.read() as view:
            row = view.certificates.get(leaf.fingerprint(hashes.SHA256()).hex())
        return row is not None and row.revoked_at is not None

    def _issuer_of(self, leaf: x509.Certificate) -> str | None:
        for held in self._keyring.authorities():
            if is_issued_by(leaf, held):
                return key_pin(held.certificate.public_key())
        return None

    def _leaf_path(self) -> Path:
        return self._keyring.tls_files().certificate

    # From a foreign authority; our own goes on issuing for members.

    def request_foreign(self, actor: Actor, host_names: Sequence[str], *, again: bool = False) -> bytes:
        """Make the key of a leaf from a foreign authority; return the request for it.

        Raises Refused `conflict` while another request is out, unless `again` says that there may be two.
        """
        keyring = self._keyring
        raw = request_leaf(
            keyring.directory,
            keyring.tls_files(),
            agency=keyring.agency,
            host_names=host_names or host_names_of(self.present()),
            again=again,
        )
        log_authority(self._broker, keyring, actor, "foreign-requested", keyring.agency)
        return raw

    def install_foreign(self, actor: Actor, leaf: bytes, chain: bytes) -> Ending:
        """Answer and call with a leaf of a foreign authority from now on."""
        keyring, at = self._keyring, self._broker.clock.now()
        install_leaf(keyring.directory, keyring.tls_files(), leaf, chain, at=at)
        self._log_foreign(actor)
        return self.own()[0]

    def _log_foreign(self, actor: Actor) -> None:
        """Log which foreign leaf is installed, unless the log has it: a crash may have come between."""
        leaf, broker = self.present(), self._broker
        thumbprint = leaf.fingerprint(hashes.SHA256()).hex()
        if thumbprint == self._foreign_logged:
            return
        query = EventQuery(
            about=broker.agency, acts=frozenset({Act.KEY_CHANGED}), since=leaf.not_valid_before_utc
        )
        after, known = 0, False
        with broker.store.read() as view:
            while not known and (page := view.search_events(query, after=after, limit=_PAGE)):
                after = page[-1][0]
                known = any(event.details.get("foreign_leaf") == thumbprint for _, event in page)
        if not known:
            issuer = authority_id(foreign_chain(self._keyring.directory)[0])
            told = {"foreign_leaf": thumbprint}
            log_authority(broker, self._keyring, actor, "foreign-installed", issuer, **told)
        self._foreign_logged = thumbprint

    def server_authorities(self) -> str:
        """Return what members check our hub's certificate by: the authorities above it, as PEM.

        The next one is among them, so that whoever has it goes on when it takes over.
        """
        chain = foreign_chain(self._keyring.directory)
        return "".join(chain or (one.pem for one in self._keyring.authorities()))
