"""The server as a process and as a helper of tests: start, key, end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import httpx
import pytest

from inbox_tui.sandbox.server import SandboxOptions, running

_RUN = "from inbox_tui.sandbox.server import SandboxOptions, run; run(SandboxOptions(control_token='tok'))"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_run_prints_address_and_key_and_ends_cleanly_on_a_signal(ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
        address = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)", lines[0])
        key = re.fullmatch(r"api key: (\S+)", lines[1])
        assert address is not None
        assert key is not None
        assert lines[2] == "control token: tok"
        answer = httpx.get(f"{address[1]}/api/profiles", headers={"Authorization": f"Bearer {key[1]}"})
        assert [profile["platform"] for profile in answer.json()["data"]] == [
            "instagram",
            "facebook",
            "telegram",
            "bluesky",
        ]
        os.kill(process.pid, ending)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_every_api_call_needs_the_key() -> None:
    with running(SandboxOptions(api_key="secret")) as sandbox:
        refused = httpx.get(f"{sandbox.url}/api/profiles")
        assert (refused.status_code, refused.json()) == (401, {"error": "Invalid API key"})
        wrong = httpx.get(f"{sandbox.url}/api/profiles", headers={"Authorization": "Bearer secre"})
        assert wrong.status_code == 401
        right = httpx.get(f"{sandbox.url}/api/profiles", headers={"Authorization": "Bearer secret"})
        assert right.status_code == 200


def test_a_world_that_cannot_go_on_ends_the_server_with_its_error() -> None:
    others = set(threading.enumerate())

    def fail() -> None:
        with running(SandboxOptions(frozen_at="2026-06-20T12:00:00Z", initiative=0)) as sandbox:
            sandbox.world.handlers["impossible"] = lambda subject, payload: [][subject]
            with sandbox.world.write():
                sandbox.world.schedule("impossible", 0, 1)
            for thread in set(threading.enumerate()) - others:
                thread.join(timeout=30)

    with pytest.raises(RuntimeError, match="the sandbox server failed") as failure:
        fail()
    assert isinstance(failure.value.__cause__, IndexError)
