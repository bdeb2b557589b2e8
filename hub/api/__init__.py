"""The API: what partners, members' systems and officers say to this hub over HTTP."""

from hub.api.app import create_app
from hub.api.context import ApiContext

__all__ = ["ApiContext", "create_app"]
