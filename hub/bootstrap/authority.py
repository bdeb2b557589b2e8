"""Our certificate authority at work: it issues, says what it revoked, and gives way to the next."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hub.bootstrap.leaf_desk import LeafDesk, log_authority
from hub.bootstrap.leaves import host_names_of, tls_card
from hub.config import Config
from hub.errors import Refused
from hub.exchange.broker import Broker
from hub.exchange.certificates.issuing import record
from hub.federation.answers import issuer_hashes
from hub.federation.authorities import TlsCard, authority_id
from hub.records.actor import Actor
from keys.authorities import HeldAuthority, make_next_authority, retire_authority, switch_authority
from keys.authority import Authority, issue_hub_leaf
from keys.enrolment import ClientCertificate, issue_client_certificate, requested_key
from keys.foreign import foreign_chain
from keys.keyring import FileKeyring
from keys.purposes import Purpose
from keys.revoking import answer_ocsp, make_crl
from keys.sealing import write_private
from keys.states import KeyState

#: A CRL's address names its authority by so many digits of its id.
_ID_DIGITS = 16


class AuthorityDesk:
    """What our authorities answer, over one database and one key store."""

    def __init__(self, broker: Broker, keyring: FileKeyring, config: Config, leaf: LeafDesk) -> None:
        self._broker = broker
        self._keyring = keyring
        self._config = config
        self._leaf = leaf
        self._lock = threading.Lock()
        self._lists: dict[str, tuple[object, bytes]] = {}

    # What we say of our certificates.

    def crl(self, name: str = "") -> bytes:
        """Return the CRL of an authority, by the beginning of its id, or of the present one.

        Made anew after each revocation, and when it is old. Raises Refused `not-found`.
        """
        held = self._held(name)
        key = authority_id(held.pem)
        at = self._broker.clock.now()
        with self._broker.store.read() as view:
            revoked = view.certificates.revoked(key, at)
        # All workers date a list alike, so that none looks older than another's.
        limits = self._broker.limits
        turn = at.timestamp() // limits.crl_renewed_s * limits.crl_renewed_s
        made_at = max([datetime.fromtimestamp(turn, UTC), *(row.revoked_at or at for row in revoked)])
        state = (made_at, tuple(row.thumbprint for row in revoked))
        with self._lock:
            kept = self._lists.get(key)
            if kept is None or kept[0] != state:
                life = timedelta(seconds=limits.crl_life_s)
                kept = (state, make_crl(self._keyring.authority(held), revoked, at=made_at, life=life))
                self._lists[key] = kept
            return kept[1]

    def ocsp(self, request: bytes) -> bytes:
        """Return the answer to an OCSP request, from the database."""

        def named(name: bytes, key: bytes, algorithm: hashes.HashAlgorithm) -> tuple[str, Authority] | None:
            for held in self._keyring.authorities():
                if issuer_hashes(held.certificate, algorithm) == (name, key):
                    return authority_id(held.pem), self._keyring.authority(held)
            return None

        life = timedelta(seconds=self._broker.limits.revocation_fresh_s)
        with self._broker.store.read() as view:
            return answer_ocsp(
                named, request, view.certificates.of_serial, at=self._broker.clock.now(), life=life
            )

    def publish(self) -> None:
        """Write the CRLs where a web server can hand them out, each whole or as it was before."""
        folder = self._config.authority_dir
        folder.mkdir(mode=0o755, exist_ok=True)
        for held in self._keyring.authorities():
            name = authority_id(held.pem)[:_ID_DIGITS]
            path, raw = folder / f"{name}.crl", self.crl(name)
            if not path.exists() or path.read_bytes() != raw:
                write_private(path, raw)
                path.chmod(0o644)

    def tls_card(self) -> TlsCard:
        """Return what our card adds to our present authority."""
        return tls_card(self._keyring, self._config)

    # Members' certificates.

    def check_request(self, request: bytes) -> None:
        """Raise Refused `request-invalid` for a request that no certificate is issued for."""
        requested_key(request)

    def issue_member(self, member: str, request: bytes) -> tuple[str, str]:
        """Issue a member's certificate for the key in its request; return it (PEM) and the authority's id."""
        held = self._held("")
        return self._issue(held, member, request).certificate_pem, authority_id(held.pem)

    def enrol(self, member: str, *, csr_pem: bytes | None) -> ClientCertificate:
        """Issue a member's certificate at the console and put it on record.

        Raises Refused `four-eyes` unless hub.toml lets the console do it alone.
        """
        if not self._config.unsafe_member_enrolment_alone:
            raise Refused(
                "four-eyes",
                "Two custodians issue certificates: one asks with `hub ca request`, another issues with "
                "`hub ca issue`. To try things out alone: unsafe_member_enrolment_alone = true in hub.toml.",
            )
        held = self._held("")
        issued = self._issue(held, member, csr_pem)
        leaf = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
        broker, issuer = self._broker, authority_id(held.pem)
        with broker.store.work() as work:
            record(broker, work, broker.itself, leaf, authority=issuer, use="member")
            work.commit()
        return issued

    def _issue(self, held: HeldAuthority, member: str, csr_pem: bytes | None) -> ClientCertificate:
        return issue_client_certificate(
            self._keyring.authority(held),
            member=member,
            at=self._broker.clock.now(),
            csr_pem=csr_pem,
            revocation_url=self._config.revocation_base,
        )

    def issue_proxy(self, actor: Actor, host_names: Sequence[str]) -> tuple[str, str]:
        """Issue a leaf with a key of its own for a proxy in front; return both as PEM, and keep no key."""
        held, broker = self._held(""), self._broker
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = issue_hub_leaf(
            self._keyring.authority(held),
            agency=broker.agency,
            host_names=host_names or host_names_of(self._leaf.present()),
            public_key=key.public_key(),
            at=broker.clock.now(),
            revocation_url=self._config.revocation_base,
        )
        with broker.store.work() as work:
            record(broker, work, actor, leaf, authority=authority_id(held.pem), use="proxy")
            work.commit()
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return leaf.public_bytes(Encoding.PEM).decode(), secret.decode()

    # One authority in the place of another. The files change first: after a crash before the event, what
    # stands on our card says it, and the hub's leaf is issued anew by the next turn.

    def make_next(self, actor: Actor) -> HeldAuthority:
        """Make the authority to come."""
        keyring = self._keyring
        held = make_next_authority(
            keyring.directory,
            keyring.agency,
            keyring.store_for(Purpose.TLS_AUTHORITY),
            at=self._broker.clock.now(),
        )
        log_authority(self._broker, self._keyring, actor, "authority-made", authority_id(held.pem))
        return held

    def switch(self, actor: Actor) -> HeldAuthority:
        """Let it issue from now on, our own leaf first."""
        keyring = self._keyring
        held = switch_authority(keyring.directory, keyring.agency, at=self._broker.clock.now())
        log_authority(self._broker, self._keyring, actor, "authority-switched", authority_id(held.pem))
        if not foreign_chain(keyring.directory):
            self._leaf.renew(actor)
        return held

    def retire(self, actor: Actor) -> Sequence[str]:
        """Take those before it off our card and destroy their keys; return the ids of the keys."""
        keyring = self._keyring
        at = self._broker.clock.now()
        self._refuse_while_shown(at)
        ids = retire_authority(keyring.directory, keyring.agency, keyring.stores, at=at)
        for key_id in ids:
            log_authority(self._broker, self._keyring, actor, "authority-retired", key_id)
        return ids

    def _refuse_while_shown(self, at: datetime) -> None:
        """Raise Refused `conflict` while members show certificates of the authorities to be retired."""
        kept = {
            authority_id(held.pem)
            for held in self._keyring.authorities()
            if held.entry.state is KeyState.KEPT
        }
        with self._broker.store.read() as view:
            shown = {row.certificate_thumbprint for row in view.directory.members()}
            left = [
                row.agency
                for row in view.certificates.in_force(at)
                if row.authority in kept and row.thumbprint in shown
            ]
        if left:
            raise Refused(
                "conflict",
                f"These show certificates of it still: {', '.join(sorted(left))}. Renew them first.",
            )

    def _held(self, name: str) -> HeldAuthority:
        for held in self._keyring.authorities():
            if len(name) in {0, _ID_DIGITS} and authority_id(held.pem).startswith(name):
                return held
        raise Refused("not-found", "No authority of ours has that id.")
