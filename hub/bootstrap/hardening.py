"""Keep key material out of what the system shows of a process: no core dump, no look into its memory."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def forbid_core_dumps() -> None:
    """Forbid core dumps of this process and of all that it starts; called before any key is opened.

    On Linux it is also marked as not dumpable (prctl(2), PR_SET_DUMPABLE): a core pattern that pipes to a
    program asks for no limit, and other processes of the same account can then not read its memory. That
    mark goes on to forks, and not to other programs that it runs. Memory can still be written to swap:
    encrypt that, or have none (docs/threat-model.md).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
