"""Prints what a page of 100 messages costs the server: `python -m tests.sandbox.measure_pages`."""

from __future__ import annotations

import threading
import time

import httpx

from inbox_tui.sandbox import ids
from inbox_tui.sandbox.server import SandboxOptions, running

CHATS, MESSAGES, REPEATS = 100_000, 1_000_000, 100


def main() -> None:
    """Start a large world and read its longest thread page by page over HTTP."""
    began = time.perf_counter()
    with running(SandboxOptions(chats=CHATS, messages=MESSAGES, initiative=0)) as sandbox:
        print(f"{CHATS} chats, {MESSAGES} messages: started in {time.perf_counter() - began:.1f} s")
        server = next(thread for thread in threading.enumerate() if thread.name == "sandbox")
        if server.ident is None:
            raise RuntimeError("the server's thread has not started")
        clock = time.pthread_getcpuclockid(server.ident)
        row = sandbox.world.database.one("select no, planned from chats order by planned desc limit 1")
        if row is None:
            raise RuntimeError("the world has no chat")
        headers = {"Authorization": f"Bearer {sandbox.api_key}"}
        with httpx.Client(base_url=sandbox.url, headers=headers, timeout=60) as client:
            path = f"/api/chats/{ids.hashid('chat', row['no'])}/messages"
            client.get(path)
            for page in (0, row["planned"] // 200, row["planned"] // 100 - 1):
                before = time.clock_gettime(clock)
                for _ in range(REPEATS):
                    client.get(path, params={"per_page": 100, "page": page}).raise_for_status()
                spent = (time.clock_gettime(clock) - before) / REPEATS * 1000
                print(f"page {page} of a thread of {row['planned']}: {spent:.2f} ms of server CPU")


if __name__ == "__main__":
    main()
