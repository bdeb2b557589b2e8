"""What a partner may fetch: the ciphertext that an envelope for it carries, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.errors import Refused
from hub.exchange.attachments.naming import is_whole, refuse_strange_name
from hub.exchange.broker import Broker
from hub.exchange.switch import while_flowing


@dataclass(frozen=True, kw_only=True)
class Served:
    """An attachment's ciphertext from an offset on; `size_bytes` is the whole of it."""

    size_bytes: int
    offset: int
    parts: Iterator[bytes]


def serve_part(broker: Broker, peer_agency: str, digest: str, offset: int = 0) -> Served:
    """Return ciphertext from an offset on to a partner whose queue holds an envelope that carries it.

    Raises Refused `not-found` (also for what exists and is not for this partner), `partner-unknown`,
    `partner-suspended` (also while it is read), and `range-invalid` for an offset beyond the end.
    """
    refuse_strange_name(digest)
    with broker.store.read() as view:
        if not broker.standings.of(view).partner(peer_agency).active:
            raise Refused("partner-suspended", f"{peer_agency} is suspended here; it is given nothing now.")
        row = view.attachments.get(digest)
        carried = view.outbox.of_attachment(digest, peer_agency)
    if row is None or not carried or not is_whole(broker, row):
        raise Refused("not-found", f"There is no attachment {digest} for {peer_agency} here.")
    if not 0 <= offset <= row.size_bytes:
        raise Refused(
            "range-invalid", f"The attachment has {row.size_bytes} bytes; {offset} is beyond its end."
        )
    return Served(
        size_bytes=row.size_bytes,
        offset=offset,
        parts=while_flowing(broker, peer_agency, broker.blobs.parts(digest, offset)),
    )
