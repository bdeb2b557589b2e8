"""The API: what partners, members' systems and officers say to this hub over HTTP."""

from hub.api.app import create_app
from hub.api.context import ApiContext
from hub.api.metrics import BooksCollector, LogCollector, QueueCollector, TokenCollector, count_requests
from hub.api.witness_metrics import WitnessCollector

__all__ = [
    "ApiContext",
    "BooksCollector",
    "LogCollector",
    "QueueCollector",
    "TokenCollector",
    "WitnessCollector",
    "count_requests",
    "create_app",
]
