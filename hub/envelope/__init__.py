"""Canonical bytes, sign, seal, open, verify, receipts: all cryptography of what agencies exchange.

This room is pure. Keys, times and limits are arguments; nothing here reads a file, a clock or the network.
"""

from hub.envelope.sealing import Opened, Sealed, Signed, Verified, open, peek, seal, sign, verify
from hub.envelope.suites import Suite

__all__ = [
    "Opened",
    "Sealed",
    "Signed",
    "Suite",
    "Verified",
    "open",
    "peek",
    "seal",
    "sign",
    "verify",
]
