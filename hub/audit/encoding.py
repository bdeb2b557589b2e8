"""Base64 as the log's formats hold it: one spelling each, every other one raises ValueError."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import Final

#: What turns the bytes of standard Base64 into base64url.
TO_URL: Final = bytes.maketrans(b"+/", b"-_")


def b64(data: bytes) -> str:
    """Return standard Base64 (RFC 4648 section 4)."""
    return b2a_base64(data, newline=False).decode("ascii")


def unb64(text: str, *, size: int | None = None) -> bytes:
    """Return the bytes of standard Base64 (RFC 4648 section 4), exactly `size` of them where given."""
    try:
        data = a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:
        raise ValueError("a text is not Base64") from None
    if b64(data) != text:
        raise ValueError("a Base64 text is not in its one canonical spelling")
    if size is not None and len(data) != size:
        raise ValueError(f"a Base64 text holds {len(data)} bytes; expected {size}")
    return data


def unb64u(text: str, *, size: int) -> bytes:
    """Return the bytes of unpadded base64url, exactly `size` of them."""
    if "+" in text or "/" in text or "=" in text:
        raise ValueError("a text is not base64url without padding")
    return unb64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), size=size)
