"""What lies between two hubs: a network that delays and breaks off, and one that sends everything twice."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import urllib3

from hub.bootstrap.opening import Hub

_HOST = "127.0.0.1"
_CHUNK_BYTES = 4096
_DELAY_MAX_S = 0.1
#: How much passes before the fate of a connection is there; the first 3000 bytes are the handshake.
_REQUEST_BYTES = (3_000, 60_000)
_ANSWER_BYTES = (3_000, 40_000)
#: A linger of zero seconds makes a close a reset, in the midst of whatever is under way.
_RESET = struct.pack("ii", 1, 0)

FATES = ("delay", "cut-request", "cut-answer", "swallow-answer")


@dataclass(kw_only=True)
class BadNetwork:
    """A TCP proxy; each connection has its fate in turn, when the dice say, until the network is healed.

    It sees nothing but TLS, as a real network would. `suffered` counts the fates that came true.
    """

    target: int
    dice: Random
    suffered: Counter[str] = field(default_factory=Counter)
    healed: bool = False
    connections: int = 0

    @contextmanager
    def running(self) -> Iterator[str]:
        """Carry connections in a thread of its own; yield the address to call."""
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(asyncio.start_server(self._connected, _HOST, 0))
        port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever, name="bad-network")
        thread.start()
        try:
            yield f"https://{_HOST}:{port}"
        finally:
            asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fate = "none" if self.healed else FATES[self.connections % len(FATES)]
        self.connections += 1
        with suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection(_HOST, self.target)
            there = [
                asyncio.ensure_future(self._pump(reader, there_writer, fate, "request")),
                asyncio.ensure_future(self._pump(there_reader, writer, fate, "answer")),
            ]
            await asyncio.wait(there, return_when=asyncio.FIRST_COMPLETED)
            for task in there:
                task.cancel()
            await asyncio.gather(*there, return_exceptions=True)
            for one in (writer, there_writer):
                one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                one.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: str, direction: str
    ) -> None:
        """Pass bytes on until either end is there, or until the fate of the connection is."""
        left = self.dice.randint(*(_REQUEST_BYTES if direction == "request" else _ANSWER_BYTES))
        while part := await reader.read(_CHUNK_BYTES):
            if fate == "delay":
                await asyncio.sleep(self.dice.uniform(0.0, _DELAY_MAX_S))
            left -= len(part)
            if left <= 0 and fate in ("delay", f"cut-{direction}"):
                self.suffered[fate] += 1
                return
            if left <= 0 and fate == f"swallow-{direction}":
                self.suffered[fate] += 1
                await reader.read()  # all of it: the other side has said it, and this one never hears of it
                return
            writer.write(part)
            await writer.drain()


async def _end(server: asyncio.Server) -> None:
    server.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


@dataclass(kw_only=True)
class Doubling:
    """Ends TLS on behalf of both hubs, with their own keys, and hands every request over twice at once.

    `answers` counts the statuses of the two; `strange` keeps pairs of good answers that are not the same.
    """

    client: Hub
    server: Hub
    answers: Counter[tuple[int, int]] = field(default_factory=Counter)
    strange: list[tuple[bytes, bytes]] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve in threads; yield the address to call."""
        tls = self.server.keyring.tls_files()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, password=tls.password)
        server = ThreadingHTTPServer((_HOST, 0), _handler(self, self._pool()))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, name="doubling")
        thread.start()
        try:
            yield f"https://{_HOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)
            server.server_close()

    def _pool(self) -> urllib3.PoolManager:
        tls = self.client.keyring.tls_files()
        context = ssl.create_default_context(cadata=self.server.keyring.tls_files().authority_pem)
        context.load_cert_chain(tls.certificate, password=tls.password)
        return urllib3.PoolManager(ssl_context=context, retries=False, timeout=20, maxsize=8)

    def note(self, path: str, first: urllib3.BaseHTTPResponse, second: urllib3.BaseHTTPResponse) -> None:
        """Compare the two answers to one request; a card is signed anew for each question."""
        self.answers[first.status, second.status] += 1
        if path.endswith("/introduction"):
            return
        if first.status == second.status == 200 and first.data != second.data:
            self.strange.append((first.data, second.data))


def _handler(doubling: Doubling, pool: urllib3.PoolManager) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            url = doubling.server.config.public_url + self.path
            headers = {"Content-Type": self.headers["Content-Type"]}
            with ThreadPoolExecutor(2) as both:
                calls = [both.submit(pool.request, "POST", url, body=body, headers=headers) for _ in "12"]
                first, second = (call.result() for call in calls)
            doubling.note(self.path, first, second)
            answer = first if first.status == 200 else second
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
