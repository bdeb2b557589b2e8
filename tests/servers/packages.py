"""Debian's packages that tests need: installed where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess


def install(*names: str) -> None:
    """Install packages as root, without a question; elsewhere nothing is done, and whoever asks looks again.

    RUNLEVEL keeps a package from starting a server of its own.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *names]):
        subprocess.run(["apt-get", *words], env=quiet, check=False, capture_output=True)
