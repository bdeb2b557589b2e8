"""Attachments: up to gigabytes that stream in encrypted chunks, resumable both ways, bound by digest.

An attachment lies under a temporary name until it is whole, then under the SHA-256 of its ciphertext. How
much has come is the size of its blob; that it is whole is said by its row, and only after its bytes are
durable and were checked against their digest.
"""

from hub.exchange.attachments.binding import attach, missing, refuse_unbound, secrets_for, use
from hub.exchange.attachments.forgetting import forget_unused
from hub.exchange.attachments.incoming import announce_incoming, fetch, offset, receive_part
from hub.exchange.attachments.outgoing import Served, serve_part
from hub.exchange.attachments.reading import read_attachment
from hub.exchange.attachments.uploads import Upload, announce, progress, upload

__all__ = [
    "Served",
    "Upload",
    "announce",
    "announce_incoming",
    "attach",
    "fetch",
    "forget_unused",
    "missing",
    "offset",
    "progress",
    "read_attachment",
    "receive_part",
    "refuse_unbound",
    "secrets_for",
    "serve_part",
    "upload",
    "use",
]
