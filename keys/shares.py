"""Shares of a secret as words (SLIP-39): any so many of them give it back, and fewer tell nothing of it.

The sharing itself is the reference implementation's, `shamir-mnemonic`; nothing of it is done here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics

from hub.errors import Refused

#: With fewer than two nothing is shared; more than 16 SLIP-39 does not give out.
SHARES_MAX: Final = 16
THRESHOLD_MIN: Final = 2
_BEGIN: Final = "-----BEGIN SHARE-----"
_END: Final = "-----END SHARE-----"
_WORD: Final = re.compile(r"[a-z]+")


@dataclass(frozen=True, kw_only=True)
class ShareSet:
    """All shares of one secret, as words, and the number that they have in common."""

    identifier: int
    threshold: int
    shares: tuple[str, ...] = field(repr=False)


def split(secret: bytes, *, shares: int, threshold: int) -> ShareSet:
    """Return shares of a secret of 32 bytes; raise Refused `request-invalid` for impossible numbers."""
    if not THRESHOLD_MIN <= threshold <= shares <= SHARES_MAX:
        raise Refused(
            "request-invalid",
            f"{threshold} of {shares} shares cannot be: the threshold is {THRESHOLD_MIN} or more, and there "
            f"are at most {SHARES_MAX} shares and at least as many as the threshold.",
        )
    (made,) = generate_mnemonics(1, [(threshold, shares)], secret)
    return ShareSet(
        identifier=Share.from_mnemonic(made[0]).identifier, threshold=threshold, shares=tuple(made)
    )


def read_share(text: str, *, called: str = "The share") -> str:
    """Return the words of a share, typed or from its printed page; raise Refused `share-invalid`.

    A share carries a checksum, so a word that was read wrongly is found here, before any other is asked for.
    """
    inner = text.partition(_BEGIN)[2].partition(_END)[0] if _BEGIN in text else text
    words = " ".join(_WORD.findall(inner.lower()))
    try:
        Share.from_mnemonic(words)
    except (MnemonicError, ValueError):
        raise Refused(
            "share-invalid",
            f"{called} is not one: a word is missing or was read wrongly. Compare all {len(words.split())} "
            "words with the page.",
        ) from None
    return words


def printed_words(share: str) -> str:
    """Return a share's words for its page: numbered, four a line, between two marks."""
    words = share.split()
    cells = [f"{number:2d} {word:<10}" for number, word in enumerate(words, start=1)]
    lines = ["  ".join(cells[first : first + 4]).rstrip() for first in range(0, len(cells), 4)]
    return "\n".join([_BEGIN, *lines, _END])


def combine(shares: Sequence[str], *, identifier: int, threshold: int) -> bytes:
    """Return the secret of enough shares, each as `read_share` returns it.

    Raises Refused `share-foreign` for one that is of another set, and `shares-too-few`.
    """
    different = {}
    for text in shares:
        share = Share.from_mnemonic(text)
        if (share.identifier, share.member_threshold) != (identifier, threshold):
            raise Refused(
                "share-foreign", "A share is of another backup, or of another agency's; put it back."
            )
        different[share.index] = text
    if len(different) < threshold:
        raise Refused(
            "shares-too-few", f"{threshold} different shares are needed, and {len(different)} are here."
        )
    try:
        secret: bytes = combine_mnemonics([*different.values()][:threshold])
    except MnemonicError:
        raise Refused("share-foreign", "The shares do not go together; one is of another backup.") from None
    return secret
