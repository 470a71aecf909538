"""Every line of docs/sandbox.md that claims to run, runs."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from inbox_tui.sandbox.faults import KINDS
from inbox_tui.sandbox.options import SandboxOptions

from .conftest import Bench

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq") and shutil.which("bash")),
    reason="needs bash, curl and jq",
)
def test_the_curl_lines_run(start: Callable[..., Bench]) -> None:
    bench = start()
    script = "\n".join(
        re.findall(r"^```sh\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )
    environment = {
        **os.environ,
        "API": bench.sandbox.url,
        "KEY": bench.sandbox.api_key,
        "TOKEN": bench.sandbox.control_token or "",
    }
    result = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{script}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "429, as wished" in result.stdout
    assert "done, but nobody heard" in result.stdout
    assert "null" not in result.stdout


def test_every_option_and_every_fault_is_explained() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for option in dataclasses.fields(SandboxOptions):
        if option.name not in ("host", "port", "api_key", "max_body_bytes"):
            assert f"`{option.name}`" in text, option.name
    for kind in KINDS:
        assert f"`{kind}`" in text, kind
