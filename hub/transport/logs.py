"""The server's log: one JSON object a line, with codes, and never with content."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final

from gunicorn import glogging

from hub.errors import HubError

_FRAMES_MAX: Final = 12


class JsonLines(logging.Formatter):
    """Writes a record as one JSON line; `code` and `fields` come from the record's extras.

    Of an exception it writes the type and the places, or a failure's code and sentence: the message of a
    strange exception may hold content.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if code := getattr(record, "code", None):
            line["code"] = code
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= _told(record.exc_info[1], record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json(level: int = logging.INFO) -> None:
    """Send every log of this process to standard error as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)


class GunicornLog(glogging.Logger):  # type: ignore[misc]
    """gunicorn's two logs, handed on to the root logger; its own formats can quote requests."""

    def setup(self, cfg: Any) -> None:
        """Take gunicorn's configuration: of it, only the level."""
        self.cfg = cfg
        for log in (self.error_log, self.access_log):
            log.handlers = []
            log.propagate = True
            log.setLevel(logging.INFO)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Log one request: no query, no headers, no body. `hub.peer` is what the application set."""
        self.access_log.info(
            "request",
            extra={
                "fields": {
                    "method": environ.get("REQUEST_METHOD"),
                    "path": environ.get("RAW_URI", "").partition("?")[0],
                    "status": int(str(resp.status).split(None, 1)[0]),
                    "bytes": resp.sent,
                    "ms": round(request_time.total_seconds() * 1000, 1),
                    "address": environ.get("REMOTE_ADDR"),
                    "peer": environ.get("hub.peer"),
                }
            },
        )


def _told(error: BaseException, places: TracebackType | None) -> dict[str, object]:
    if isinstance(error, HubError):
        return {"code": error.code, "sentence": error.sentence}
    frames = traceback.extract_tb(places)[-_FRAMES_MAX:]
    return {
        "error": type(error).__name__,
        "places": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
