"""What every reader promises of any bytes: it returns, or fails by a code, in bounded time."""

from __future__ import annotations

import time
from typing import Final

from hub.codes import CODES, Blame
from hub.errors import HubError
from tests.hostile.readers import Reader

#: Of one processor, for a document of at most a few megabytes.
CPU_MAX_S: Final = 5.0


class Broken(AssertionError):
    """A reader did what it must never do."""


def outcome(reader: Reader, raw: bytes) -> str | None:
    """Return the code that bytes are refused with, None where they are read; raise Broken for all else."""
    start = time.thread_time()
    try:
        reader.read(raw)
        code = None
    except HubError as error:
        code = error.code
    except Exception as error:
        raise Broken(f"{reader.name}: it raised {type(error).__name__}: {str(error)[:200]}") from error
    if code is not None and (code not in CODES or CODES[code].blame is Blame.OURS):
        raise Broken(f"{reader.name}: it blames us, or nobody: {code}")
    if (took := time.thread_time() - start) > CPU_MAX_S:
        raise Broken(f"{reader.name}: {len(raw):,} bytes took {took:.1f} s of a processor")
    return code
