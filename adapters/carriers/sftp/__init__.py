"""A drop on a partner's SFTP server, or on ours: `docs/carriers.md` says what lies in it, in which order."""

from adapters.carriers.sftp.carrier import SftpCarrier, make

__all__ = ["SftpCarrier", "make"]
