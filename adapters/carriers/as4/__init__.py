"""AS4 (ebMS 3 over HTTPS, eDelivery AS4 1.15): signed and encrypted messages, signed receipts."""

from adapters.carriers.as4.carrier import As4Carrier, make

__all__ = ["As4Carrier", "make"]
