"""What watches certificates in a serving process: revocation asked, ends foreseen, refusals logged."""

from __future__ import annotations

from hub.api.strangers import Stranger, Strangers
from hub.bootstrap.opening import Hub
from hub.errors import HubError, PeerFault
from hub.exchange.certificates.keeper import CertificateKeeper
from hub.exchange.revocation.keeper import RevocationKeeper
from hub.transport.peer import Issued
from hub.transport.revocation import HttpRevocationClient


class Certificates:
    """The two keepers of one serving process, and what logs that a certificate was not taken."""

    def __init__(self, hub: Hub) -> None:
        broker = hub.broker
        self._hub = hub
        self._strangers = Strangers(broker)
        client = HttpRevocationClient(timeout_s=broker.limits.revocation_timeout_s)
        self.revocation = RevocationKeeper(broker, client)
        self._watching = CertificateKeeper(
            broker,
            own=hub.leaf.own,
            renew=hub.leaf.renew_when_due,
            publish=hub.authority.publish,
        )

    def start(self) -> None:
        """Start both."""
        self._hub.shown.asking = self.want
        self._hub.shown.logging = self.refused_there
        self.revocation.start()
        self._watching.start()

    def stop(self) -> None:
        """Stop both."""
        self.revocation.stop()
        self._watching.stop()

    def want(self, leaf: Issued) -> None:
        """Ask about a certificate that was shown."""
        self.revocation.want(leaf.agency, leaf.authority, leaf.serial)

    def refused_here(self, address: str, failure: HubError) -> None:
        """Log that a caller's certificate was not taken in the handshake, repeats counted."""
        self._strangers.note(Stranger(address=address, code=failure.code, operation="handshake"), failure)

    def refused_there(self, agency: str, fault: PeerFault) -> None:
        """Log that the certificate of who answers for a partner was not taken, repeats counted."""
        code = str(fault.details.get("reason", fault.code))
        told = PeerFault(code, fault.sentence)
        self._strangers.note(Stranger(address=agency, code=code, operation="call", subject=agency), told)
