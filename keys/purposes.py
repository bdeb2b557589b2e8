"""What keys are for, and by which algorithm: a table, not branches.

No key serves two purposes. Another algorithm for a purpose is another row here; the code below asks the
table and never the name of a purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Algorithm(Enum):
    """How a private key is made, and what its public half is."""

    P256 = "p-256"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_44 = "ml-dsa-44"
    ED25519 = "ed25519"
    X_WING = "x-wing"
    AES_256 = "aes-256"


class Purpose(Enum):
    """What a private key is for. No key serves two."""

    TLS_AUTHORITY = "tls-authority"
    SIGN_ES256 = "sign-es256"
    SIGN_ML_DSA_65 = "sign-ml-dsa-65"
    DECRYPT_P256 = "decrypt-p256"
    DECRYPT_XWING = "decrypt-xwing"
    TOKEN_ES256 = "token-es256"  # noqa: S105 (a purpose, not a secret)
    LOG_ED25519 = "log-ed25519"
    LOG_ML_DSA_44 = "log-ml-dsa-44"
    WITNESS_ED25519 = "witness-ed25519"
    WITNESS_ML_DSA_44 = "witness-ml-dsa-44"
    MASTER = "master"


ALGORITHMS: Final[Mapping[Purpose, Algorithm]] = {
    Purpose.TLS_AUTHORITY: Algorithm.P256,
    Purpose.SIGN_ES256: Algorithm.P256,
    Purpose.SIGN_ML_DSA_65: Algorithm.ML_DSA_65,
    Purpose.DECRYPT_P256: Algorithm.P256,
    Purpose.DECRYPT_XWING: Algorithm.X_WING,
    Purpose.TOKEN_ES256: Algorithm.P256,
    Purpose.LOG_ED25519: Algorithm.ED25519,
    Purpose.LOG_ML_DSA_44: Algorithm.ML_DSA_44,
    Purpose.WITNESS_ED25519: Algorithm.ED25519,
    Purpose.WITNESS_ML_DSA_44: Algorithm.ML_DSA_44,
    Purpose.MASTER: Algorithm.AES_256,
}
