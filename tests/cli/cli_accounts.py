"""Accounts of the command line's tests, and a command line that guards its key."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from inbox_tui import cli

KEY = "key-of-the-command-line-tests"


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The JSON objects on standard output, one a line."""
        found = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(record, dict) for record in found)
        return found

    @property
    def lines(self) -> list[str]:
        """Standard output, line by line."""
        return self.out.splitlines()


@dataclass(frozen=True)
class Account:
    """Files of an account, and the server that it belongs to."""

    home: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What points `inbox-tui` at the account."""
        return {
            "INBOX_TUI_HOME": str(self.home),
            "INBOX_TUI_API_URL": self.url,
            "POSTPROXY_API_KEY": KEY,
        }

    def copy(self, home: Path) -> Account:
        """The same account with files of its own."""
        shutil.copytree(self.home, home)
        return Account(home, self.url)

    def ask(self, path: str) -> Any:
        """What the API itself says."""
        request = Request(f"{self.url}/api/{path}", headers={"Authorization": f"Bearer {KEY}"})
        with urlopen(request) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Have the API do something, past the program."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        with urlopen(Request(f"{self.url}/api/{path}", json.dumps(body).encode(), headers)) as answer:
            return json.load(answer)


def run_alone(account: Account, *arguments: str, stdin: str = "", **variables: str) -> Ran:
    """Run a command in a process of its own; its key stands in nothing that it says."""
    done = subprocess.run(
        [sys.executable, "-m", "inbox_tui", *arguments],
        env=os.environ | account.environment | variables,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert KEY not in done.stdout + done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


class CommandLine:
    """Runs commands of one account in this process."""

    def __init__(
        self, account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.account = account
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "200")

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        """Run a command; its key stands in nothing that it says."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = cli.run(arguments)
        said = self._capsys.readouterr()
        assert KEY not in said.out + said.err
        return Ran(code, said.out, said.err)
