"""A web server that speaks HTTP by hand, so that it can lie about files."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

BODY = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
Pieces = Iterator[bytes]


def answer(body: bytes = BODY, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def leads_to(location: str, status: str = "302 Found") -> bytes:
    return answer(b"", status, f"Location: {location}")


class Server:
    """Answers each path with prepared bytes, and remembers what it was asked."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.answers: dict[str, bytes | Callable[[], Pieces]] = {}
        self.requests: list[str] = []
        self._socket = socket.create_server((address, 0))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{address}:{self.port}"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._threads.append(threading.Thread(target=self._answer, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65_536)
                if not piece:
                    return
                request += piece
            self.requests.append(request.decode("latin-1"))
            path = self.requests[-1].split(" ")[1].partition("?")[0]
            told = self.answers.get(path, answer(b"", "404 Not Found"))
            for piece in (told,) if isinstance(told, bytes) else told():
                connection.sendall(piece)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)
