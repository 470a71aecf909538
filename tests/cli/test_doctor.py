"""`inbox-tui doctor [--repair]`: one line a check, what was found, what to do (UX section 4)."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import sqlite3
import stat
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from inbox_tui import cli
from inbox_tui.cli import doctor, terminal
from inbox_tui.cli.findings import Level, note, print_finding
from inbox_tui.config import Settings, load
from inbox_tui.core.errors import StoreError
from inbox_tui.core.models import Attachment, Chat, Message, Profile, Rejected
from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running
from inbox_tui.store import db, drafts, health, looks, marks, media, outbox, screens, sends, spool, writes
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.sync import engine

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Line:
    """One finding, from `--json`."""

    check: str
    level: str
    found: str
    advice: str


Run = Callable[..., tuple[int, list[Line]]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own without a key, and an API that is not there."""
    monkeypatch.setenv("INBOX_TUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INBOX_TUI_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("POSTPROXY_API_KEY", "TMUX", "STY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def examine(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `doctor --json`; returns its exit code and findings."""

    def run(*options: str) -> tuple[int, list[Line]]:
        capsys.readouterr()
        code = cli.run(["doctor", "--json", *options])
        out, err = capsys.readouterr()
        assert err == ""
        return code, [Line(**json.loads(line)) for line in out.splitlines()]

    return run


def of(lines: list[Line], check: str) -> Line:
    """The only finding of a check."""
    (line,) = [line for line in lines if line.check == check]
    return line


def problems(lines: list[Line]) -> list[str]:
    return [line.check for line in lines if line.level == "PROBLEM"]


@pytest.fixture
def account(home: Path) -> Settings:
    """An account with a profile, a chat, a draft, an outbox item and a mark."""
    settings = load()
    db.prepare(settings.folder)
    with Writer(settings.folder) as writer:
        writes.apply_profiles(writer, [Profile("p1", "Shop", "telegram")])
        chats = [Chat(f"c{n}", "p1", "telegram", f"u{n}", db.now_ms()) for n in range(3)]
        writes.apply_chats(writer, chats)
        for chat in chats:
            writes.apply_messages(writer, [writes.MessagePage(chat.id, [], newest=True)])
        drafts.save(writer, "c1", "typed before", 0)
        sends.queue_send(writer, "c1", "p1", {"text": "written before"}, hold_ms=0)
        marks.mark(writer, "c1", "done")
        writes.refold_chats(writer, ["c1"])
    looks.touch_look(settings.folder, "p1")
    return settings


def kept(settings: Settings) -> tuple[list[object], ...]:
    """What the person would miss."""
    with closing(db.connect_read_only(settings.folder.local)) as connection:
        return tuple(
            [row[0] for row in connection.execute(select)]
            for select in ("SELECT text FROM drafts", "SELECT payload FROM outbox", "SELECT kind FROM marks")
        )


KEPT = (["typed before"], ['{"text":"written before"}'], ["done"])


def tear(path: Path, words: bytes | None = None) -> bytes:
    """Destroy a file, or the page in which some words stand; returns what it holds then."""
    content = bytearray(path.read_bytes())
    page = 0 if words is None else content.index(words) // 4096
    content[page * 4096 : (page + 1) * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    return bytes(content)


# Without anything


def test_without_folder_key_and_network_it_says_so_makes_nothing_and_is_content(
    examine: Run, home: Path
) -> None:
    code, lines = examine()
    assert (code, problems(lines)) == (0, [])
    assert "no API key is set" in of(lines, "API").found
    assert "POSTPROXY_API_KEY" in of(lines, "key").advice
    assert "is not there yet" in of(lines, "folder").found
    assert "nothing was ever synced" in of(lines, "engine").found
    assert not home.exists()


def test_every_version_that_matters_is_named(examine: Run) -> None:
    words = of(examine()[1], "program").found
    assert all(name in words for name in ("inbox-tui ", "Python 3.", "textual ", "httpx ", "SQLite 3."))


def test_the_lines_for_people_name_level_check_finding_and_advice(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.split()[0] in ("ok", "note", "PROBLEM") for line in lines)
    (key,) = [line for line in lines if " key: " in line]
    assert key.startswith("note     key: neither POSTPROXY_API_KEY nor ")
    assert key.endswith(". Set POSTPROXY_API_KEY, or try `inbox-tui demo`, which needs none.")


def test_settings_in_force_and_the_file_they_come_from_are_told(examine: Run, home: Path) -> None:
    assert "no " in of(examine()[1], "configuration").found
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('account = "second"\nhistory_messages = 7\ntheme = "nord"\n')
    code, lines = examine()
    assert code == 0
    assert of(lines, "configuration").found.endswith("config.toml is used")
    words = of(lines, "settings").found
    assert all(part in words for part in ("account second", "7 messages", "theme nord", "INBOX_TUI_HOME"))


# The key and the API


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running(SandboxOptions(answers=False, initiative=0)) as box:
        yield box


@pytest.fixture
def served(home: Path, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An account whose API is a sandbox, with the key in its file."""
    monkeypatch.setenv("INBOX_TUI_API_URL", sandbox.url)
    settings = load()
    db.prepare(settings.folder)
    settings.key_file.touch(mode=0o600)
    settings.key_file.write_text(sandbox.api_key)
    return settings


def test_after_a_sync_all_is_well_and_the_key_is_never_shown(
    examine: Run, served: Settings, sandbox: RunningSandbox
) -> None:
    engine.run(served, once=True)
    code, lines = examine()
    assert (code, problems(lines)) == (0, [])
    assert "the key is accepted, 4 profiles" in of(lines, "API").found
    assert of(lines, "clock").level == "ok"
    assert of(lines, "key").found == f"from {served.key_file}, mode 0600"
    assert of(lines, "cached").found.startswith("4 profiles, ")
    assert "(0 not read" in of(lines, "cached").found
    assert [line.level for line in lines if line.check == "profile"] == ["ok"] * 4
    assert of(lines, "derived").level == of(lines, "cache").level == of(lines, "local").level == "ok"
    assert sandbox.api_key not in repr(lines)


def test_a_key_of_the_environment_goes_before_the_file(
    examine: Run, served: Settings, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTPROXY_API_KEY", sandbox.api_key)
    line = of(examine()[1], "key")
    assert "taken from POSTPROXY_API_KEY" in line.found
    assert "is not used" in line.found


def test_a_key_that_the_api_refuses_is_a_problem(examine: Run, served: Settings) -> None:
    served.key_file.write_text("pp_wrong")
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["API"])
    assert "does not accept the key" in of(lines, "API").found
    assert of(lines, "clock").level == "ok"
    assert "pp_wrong" not in repr(lines)


def test_a_key_file_that_others_can_read_is_a_problem_and_is_not_used(examine: Run, served: Settings) -> None:
    served.key_file.chmod(0o644)
    code, lines = examine()
    assert code == 1
    assert "mode 0644" in of(lines, "key").found
    assert of(lines, "key").advice == f"Run: chmod 600 {served.key_file}"
    assert "the key cannot be used" in of(lines, "API").found
    code, lines = examine("--repair")
    assert (code, stat.S_IMODE(served.key_file.stat().st_mode)) == (0, 0o600)


def test_an_api_that_is_not_there_is_a_problem_and_every_other_check_is_made(
    examine: Run, account: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTPROXY_API_KEY", "pp_key")
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["API"])
    assert "was not reached" in of(lines, "API").found
    assert of(lines, "unsent").found.startswith("1 drafts; outbox: 1 queued")


def test_a_clock_far_from_the_servers_is_a_problem(
    examine: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(SandboxOptions(frozen_at="2026-01-01T00:00:00Z", answers=False, initiative=0)) as box:
        monkeypatch.setenv("INBOX_TUI_API_URL", box.url)
        monkeypatch.setenv("POSTPROXY_API_KEY", box.api_key)
        code, lines = examine()
    assert (code, problems(lines)) == (1, ["clock"])
    assert "reply windows are counted by server time" in of(lines, "clock").advice


@pytest.mark.parametrize(
    ("offset", "level"),
    [(None, "note"), (0, "ok"), (5_000, "ok"), (-5_001, "note"), (300_000, "note"), (-300_001, "PROBLEM")],
)
def test_the_clock_may_differ_by_five_seconds(offset: int | None, level: str) -> None:
    assert doctor._clock(offset).level == level


# Files, engine, profiles


def test_what_waits_for_the_person_is_named_with_its_reason_and_drawn_safely(
    examine: Run, account: Settings
) -> None:
    with Writer(account.folder) as writer:
        (item,) = outbox.open_items(writer)
        outbox.move(writer, item, State.UNCERTAIN, title="Nobody knows", hint="Look at the chat")
        writes.refold_chats(writer, ["c1"])
        writes.quarantine(writer, "chats of p1", [Rejected("{}", "no id\x1b[31m\nand more")])
    code, lines = examine()
    assert code == 0
    named = of(lines, "outbox")
    assert named.found.startswith(f"uncertain {item.key[:8]} to chat c1, written ")
    assert "“written before”. Nobody knows" in named.found
    assert named.advice == "Look at the chat"
    quarantine = of(lines, "quarantine").found
    assert quarantine.startswith("1 records could not be read, the newest: chats of p1: no id")
    assert quarantine.isprintable()


def test_a_profile_says_what_stands_in_its_way(examine: Run, account: Settings) -> None:
    now = db.now_ms()
    with Writer(account.folder) as writer:
        writes.apply_profiles(
            writer,
            [
                Profile("p1", "Shop", "telegram"),
                Profile("p2", "Page", "facebook", status="inactive", inactive_reason="token revoked"),
                Profile("p3", "Soon", "instagram", expires_at=now + DAY),
                Profile("p4", "Never", "bluesky"),
                Profile("p5", "Future", "telegram"),
            ],
        )
        writes.set_profile_fault(writer, "p1", "The API refuses it", "Connect it again")
    looks.touch_look(account.folder, "p1", now - HOUR)
    looks.touch_look(account.folder, "p5", now + DAY)
    code, lines = examine()
    found = {line.found.split("(")[1].split(")")[0]: line for line in lines if line.check == "profile"}
    assert code == 1
    assert {name: line.level for name, line in found.items()} == {
        "p1": "PROBLEM",
        "p2": "PROBLEM",
        "p3": "note",
        "p4": "note",
        "p5": "note",
    }
    assert "last look 1h ago. The API refuses it" in found["p1"].found
    assert found["p1"].advice == "Connect it again"
    assert "inactive (token revoked)" in found["p2"].found
    assert "connection ends in" in found["p3"].found
    assert "never looked at" in found["p4"].found
    assert "clock was put back" in found["p5"].found


def test_screens_that_are_open_are_counted_and_those_that_are_gone_are_not(
    examine: Run, account: Settings
) -> None:
    assert of(examine()[1], "screens").found == "none is open"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with Writer(account.folder) as writer:
        screens.show(writer, "c1")
        writer.local.execute("INSERT INTO screens VALUES (?, NULL, 0)", (gone.pid,))
    assert of(examine()[1], "screens").found == f"1 open: process {os.getpid()}"


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Another process that holds the lock of the engine; yields its number."""
    program = (
        "import sys, filelock\n"
        "with filelock.FileLock(sys.argv[1]): print('ready', flush=True); sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        yield other.pid
        other.communicate("end\n")


def test_an_engine_that_runs_is_told_with_its_process_where_the_system_tells(
    examine: Run, account: Settings
) -> None:
    assert of(examine()[1], "engine").found == "not running"
    with locked(account.folder.lock) as pid:
        words = of(examine()[1], "engine").found
    assert words.startswith("running: ")
    assert (f"process {pid} " in words) == Path("/proc/locks").exists()


@pytest.mark.parametrize("repair", [False, True])
def test_a_newer_file_of_the_person_is_a_problem_that_only_a_newer_program_solves(
    examine: Run, account: Settings, *, repair: bool
) -> None:
    with closing(sqlite3.connect(account.folder.local)) as connection:
        connection.execute(f"PRAGMA user_version = {db.LOCAL_VERSION + 1}")
    before = account.folder.local.read_bytes()
    code, lines = examine(*(["--repair"] if repair else []))
    assert code == 1
    assert "newer" in of(lines, "local").found
    assert "Update this program" in of(lines, "local").advice
    assert account.folder.local.read_bytes() == before


def test_a_newer_cache_is_told_and_repair_moves_it_aside(examine: Run, account: Settings) -> None:
    with closing(sqlite3.connect(account.folder.cache)) as connection:
        connection.execute(f"PRAGMA user_version = {db.CACHE_VERSION + 1}")
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["cache"])
    code, lines = examine("--repair")
    assert code == 0
    assert "It was moved to cache-" in of(lines, "repair").found
    assert of(lines, "backups").found.startswith("1 (")
    assert kept(account) == KEPT


@pytest.mark.parametrize(
    "error",
    [
        StoreError("It cannot be used", "Do this"),
        OSError(30, "Read-only file system", "cache.db"),
        sqlite3.OperationalError("something"),
    ],
)
def test_a_check_that_cannot_be_made_is_a_problem_and_the_others_are_made(
    examine: Run, account: Settings, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(health, "contents", fail)
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["files"])
    assert of(lines, "engine").level == "note"


def test_chats_of_today_and_open_chats_are_told_with_the_age_of_their_last_look(
    examine: Run, account: Settings
) -> None:
    now = db.now_ms()
    with Writer(account.folder) as writer:
        chats = [
            Chat("new", "p1", "telegram", "x1", now, participant_name="Ada", last_message_at=now - HOUR),
            Chat(
                "older", "p1", "telegram", "x2", now, participant_name="Bo", last_message_at=now - 20 * HOUR
            ),
            Chat("old", "p1", "telegram", "x3", now, participant_name="Cy", last_message_at=now - 3 * DAY),
        ]
        writes.apply_chats(writer, chats)
        pages = [
            writes.MessagePage(each.id, [], newest=True, newest_for=each.last_message_at) for each in chats
        ]
        writes.apply_messages(writer, pages)
        writer.cache.execute("UPDATE chats SET pulled_at = ?", (now - HOUR,))
        writer.cache.execute("UPDATE chats SET pulled_at = ? WHERE id = 'older'", (now - 9 * HOUR,))
        writes.record_walk(writer, "p1", walked_to=None, walked=True, total=3)
        screens.show(writer, "new")
    looks.touch_chat(account.folder, "new", now - 2 * 60_000)
    looks.touch_look(account.folder, "p1", now)
    _, lines = examine()
    today = of(lines, "chats").found
    assert "5 chats were active in the last day, last looks from 2m ago to 9h ago (Bo, older)" in today
    assert of(lines, "open chat").found == "Ada (new): last look 2m ago, new messages as of now"


# Settings and folders that cannot be used


def configured(home: Path, text: str | bytes) -> Path:
    """A configuration file that says this."""
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# mine\n\napi_url = 'ftp://x'\n", "line 3 of"),
        ("account = '../x'\n", "line 1 of"),
        ("account = main\n", "line 1 of"),
    ],
)
def test_an_account_or_api_in_doubt_is_a_problem_with_its_line_and_all_else_is_checked(
    examine: Run, home: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.delenv("INBOX_TUI_API_URL")
    monkeypatch.setenv("POSTPROXY_API_KEY", "not-to-be-shown-to-another-address")
    file = configured(home, text)
    code, lines = examine()
    assert code == 1
    assert set(problems(lines)) == {"configuration"}
    found = of(lines, "configuration")
    assert words in found.found
    assert str(file) in found.found
    assert "goes by the default" in found.advice
    assert {"program", "key", "disk", "engine"} <= {line.check for line in lines}
    assert "not asked" in of(lines, "API").found


def test_each_line_that_cannot_be_used_is_a_problem_with_what_was_expected(examine: Run, home: Path) -> None:
    file = configured(home, b"theme = \nhistory_messages = 'all'\n# caf\xe9\n[views]\nlate = 'is:late'\n")
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["configuration"] * 4)
    wrong = [line for line in lines if line.check == "configuration"]
    assert all(f"(line {at} of {file})" in line.found for at, line in zip((1, 2, 3, 5), wrong, strict=True))
    assert "Give a whole number from 1" in wrong[1].advice
    assert "the last file without mistakes is used" in wrong[1].advice


def test_a_key_that_two_actions_want_is_a_problem_that_names_both(examine: Run, home: Path) -> None:
    configured(home, "[keys]\ndone = 's'\n")
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["configuration"])
    found = of(lines, "configuration").found
    assert "s would start both done (" in found
    assert "and snooze (" in found
    assert "(line 2 of" in found


def test_nothing_is_repaired_in_a_folder_that_may_be_the_wrong_one(examine: Run, home: Path) -> None:
    configured(home, "account = \n")
    _, lines = examine("--repair")
    assert "nothing was repaired" in of(lines, "repair").found


def test_an_unknown_theme_and_unknown_settings_are_named(examine: Run, home: Path) -> None:
    configured(home, 'theme = "moonshine"\nhistroy_messages = 9\n[keymap]\n')
    _, lines = examine()
    assert "configuration" not in problems(lines)
    (odd,) = [line for line in lines if line.check == "configuration" and line.level == "note"]
    assert "histroy_messages means nothing here (line 2 of" in odd.found
    assert "Did you mean history_messages?" in odd.advice
    theme = of(lines, "theme")
    assert "there is no theme 'moonshine'" in theme.found
    assert "textual-light" in theme.advice
    assert "monochrome" in theme.advice


@pytest.mark.parametrize(
    ("advice", "line"),
    [
        ("Did you mean labels?", "note     configuration: lables means nothing. Did you mean labels?\n"),
        ("Remove it.", "note     configuration: lables means nothing. Remove it.\n"),
        ("Remove it", "note     configuration: lables means nothing. Remove it.\n"),
        ("", "note     configuration: lables means nothing.\n"),
    ],
)
def test_a_sentence_ends_once(capsys: pytest.CaptureFixture[str], advice: str, line: str) -> None:
    print_finding(note("configuration", "lables means nothing", advice), as_json=False)
    assert capsys.readouterr().out == line


def test_a_question_stands_alone_before_what_is_used_instead(examine: Run, home: Path) -> None:
    configured(home, '[keys]\nsnoze = "w"\n')
    _, lines = examine()
    advice = of(lines, "configuration").advice
    assert (
        advice == "Did you mean snooze? The value of the last file without mistakes is used, else the default"
    )


@pytest.mark.parametrize("name", ["data", "config"])
def test_a_folder_that_may_not_be_read_is_named_and_all_else_is_checked(home: Path, name: str) -> None:
    configured(home, "")
    (home / "data").mkdir()
    prefix = []
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("the superuser may read everything, and setpriv is not there to change that")
        rights = "-dac_override,-dac_read_search"
        prefix = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
    (home / name).chmod(0o000)
    try:
        ran = subprocess.run(
            [*prefix, sys.executable, "-m", "inbox_tui", "doctor", "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        (home / name).chmod(0o700)
    lines = [Line(**json.loads(line)) for line in ran.stdout.splitlines()]
    assert (ran.returncode, ran.stderr) == (1, "")
    wrong = [line for line in lines if line.level == "PROBLEM"]
    assert wrong
    assert all("Permission denied" in line.found for line in wrong if line.check != "API")
    assert all(str(home / name) in line.found for line in wrong if line.check != "API")
    assert {"program", "terminal", "settings", "API"} <= {line.check for line in lines}


def test_a_home_that_is_a_file_is_told_as_such(examine: Run, home: Path) -> None:
    home.write_text("")
    code, lines = examine()
    assert code == 1
    assert "Not a directory" in of(lines, "configuration").found


def test_a_key_that_is_no_text_is_a_problem(examine: Run, served: Settings) -> None:
    served.key_file.write_bytes(b"\xff\xfe")
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["key"])
    assert "it is not text" in of(lines, "key").found


# Repair


def test_without_repair_nothing_is_changed(examine: Run, account: Settings) -> None:
    account.folder.local.chmod(0o644)
    tear(account.folder.cache)

    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in account.folder.path.glob("*.db")}

    before = files()
    code, lines = examine()
    assert code == 1
    assert set(problems(lines)) == {"folder", "cache"}
    assert files() == before
    assert stat.S_IMODE(account.folder.local.stat().st_mode) == 0o644


def test_repair_of_what_is_well_says_so(examine: Run, account: Settings) -> None:
    code, lines = examine("--repair")
    assert (code, of(lines, "repair").found) == (0, "nothing had to be repaired")
    assert of(lines, "cache").found.endswith("integrity check passed")


def test_repair_corrects_modes_recomputes_and_writes_the_log_back_line_by_line(
    examine: Run, account: Settings
) -> None:
    account.folder.path.chmod(0o755)
    with closing(sqlite3.connect(account.folder.cache, isolation_level=None)) as connection:
        connection.execute("UPDATE chats SET unanswered = 7 WHERE id = 'c2'")
        # Left as by a program that was killed: its log stays.
        log = Path(f"{account.folder.cache}-wal").read_bytes()
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["folder", "derived"])
    assert "(c2)" in of(lines, "derived").found
    Path(f"{account.folder.cache}-wal").write_bytes(log)
    code, lines = examine("--repair")
    assert (code, problems(lines)) == (0, [])
    done = [line.found for line in lines if line.check == "repair"]
    assert done[0].startswith("others can no longer use ")
    assert done[1] == "1 of 3 chats and 1 numbers recomputed"
    assert all("was written back into it" in words for words in done[2:])
    assert len(done) > 2
    assert examine("--repair")[1][0].found == "nothing had to be repaired"
    assert kept(account) == KEPT


def with_files(settings: Settings) -> Path:
    """A file of a message that is there, one that is lost, one of nothing, and one on its way out."""
    with Writer(settings.folder) as writer:
        files = (Attachment("f1", "image", "https://x/1"), Attachment("f2", "image", "https://x/2"))
        message = Message("m1", "c1", "inbound", "received", db.now_ms(), body="see", attachments=files)
        writes.apply_messages(writer, [writes.MessagePage("c1", [message])])
        for attachment in files:
            place = media.place_of(writer.cache, attachment.id, "m1")
            assert place is not None
            part = media.part(settings.folder)
            part.touch(0o600)
            part.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
            assert media.keep(writer, place, part, attachment.id)
        next(settings.folder.media.glob("*/f2.png")).unlink()
        stray = settings.folder.media / "stray" / "x"
        stray.parent.mkdir(mode=0o700)
        stray.touch(0o600)
        source = settings.data / "box.png"
        source.write_bytes(b"\x89PNG\r\n\x1a\n")
        copy = spool.copy_in(settings.folder, source)
        payload = {"file": str(copy.path), "file_name": copy.name, "source": str(source)}
        sends.queue_send(writer, "c1", "p1", payload, hold_ms=0)
        writes.refold_chats(writer, ["c1"])
    return copy.path


def test_messages_that_are_not_found_by_their_words_are_told_and_repair_makes_the_index_anew(
    examine: Run, account: Settings
) -> None:
    told = Message("m1", "c1", "inbound", "received", db.now_ms(), body="crooked words")
    with Writer(account.folder) as writer:
        writes.apply_messages(writer, [writes.MessagePage("c1", [told])])
        (pk,) = writer.cache.execute("SELECT pk FROM messages").fetchone()
        writer.cache.execute(
            "INSERT INTO messages_fts (messages_fts, rowid, words) VALUES ('delete', ?, 'crooked')", (pk,)
        )
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["search"])
    assert of(lines, "search").found == "1 of 1 messages are not found by their words"
    code, lines = examine("--repair")
    assert (code, problems(lines)) == (0, [])
    assert "4 messages and names were put into the search index" in [line.found for line in lines]
    assert of(lines, "search").found == "1 messages are found by their words"


def test_files_are_told_with_their_sizes_and_repair_forgets_what_is_lost_or_belongs_to_nothing(
    examine: Run, account: Settings
) -> None:
    assert of(examine()[1], "files").found == (
        "0 of messages (0 bytes of at most 500 MB), 0 waiting to be sent (0 bytes)"
    )
    copy = with_files(account)
    code, lines = examine()
    assert (code, of(lines, "files").level) == (0, "note")
    # One that is there, what is left of the one that is lost, and the stray one.
    assert of(lines, "files").found.endswith(
        "1 waiting to be sent (8 bytes); 1 are missing, 1 belong to nothing"
    )
    code, lines = examine("--repair")
    assert "3 files that were missing or belonged to nothing" in repr(lines)
    assert of(lines, "files").level == "ok"
    assert sorted(path.name for path in account.folder.media.glob("*/*")) == ["f1.png"]
    assert copy.exists()
    assert examine("--repair")[1][0].found == "nothing had to be repaired"


def test_files_that_an_engine_uses_are_left_to_it(examine: Run, account: Settings) -> None:
    with_files(account)
    with FileLock(account.folder.lock):
        code, lines = examine("--repair")
    assert code == 0
    assert "the files are in use by an engine and were left" in repr(lines)
    assert (account.folder.media / "stray").exists()


def test_a_copy_that_is_gone_before_it_was_sent_is_a_problem(examine: Run, account: Settings) -> None:
    with_files(account).unlink()
    code, lines = examine()
    assert (code, problems(lines)) == (1, ["files"])
    assert of(lines, "files").found.endswith("the copies of 1 unsent files are gone: box.png")
    assert "attach the files again" in of(lines, "files").advice


def test_files_that_others_can_read_are_named_and_repair_corrects_them(
    examine: Run, account: Settings
) -> None:
    copy = with_files(account)
    copy.chmod(0o644)
    assert str(copy) in of(examine()[1], "folder").found
    examine("--repair")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_repair_moves_a_damaged_cache_aside_and_keeps_what_the_person_wrote(
    examine: Run, account: Settings
) -> None:
    torn = tear(account.folder.cache)
    code, lines = examine("--repair")
    assert code == 0
    assert "a new one is filled by the next sync" in of(lines, "repair").found
    (aside,) = account.folder.path.glob("cache-*.db")
    assert aside.read_bytes() == torn
    assert of(lines, "cached").found.startswith("0 profiles, 0 chats")
    assert kept(account) == KEPT


@pytest.mark.parametrize("name", ["cache", "local"])
def test_repair_does_not_touch_a_damaged_file_while_an_engine_runs(
    examine: Run, account: Settings, name: str
) -> None:
    path = getattr(account.folder, name)
    torn = tear(path, None if name == "cache" else b"typed before")
    with locked(account.folder.lock):
        code, lines = examine("--repair")
    assert code == 1
    assert "an engine is running" in of(lines, "repair").found
    assert "Close every inbox-tui" in of(lines, "repair").advice
    assert path.read_bytes() == torn


def test_repair_replaces_a_damaged_file_of_the_person_and_keeps_the_old_one(
    examine: Run, account: Settings
) -> None:
    torn = tear(account.folder.local, b"written before")
    assert problems(examine()[1]) == ["local"]
    code, lines = examine("--repair")
    assert code == 0
    words = next(line.found for line in lines if line.check == "repair")
    assert "a new one with 1 drafts, 0 outbox items, 1 marks reads back whole" in words
    assert "may be missing" in words
    (copy,) = account.folder.path.glob("local-damaged-*.db")
    assert copy.name in words
    assert copy.read_bytes() == torn
    assert kept(account) == (["typed before"], [], ["done"])


def test_repair_leaves_a_file_of_the_person_alone_of_which_nothing_can_be_read(
    examine: Run, account: Settings
) -> None:
    torn = tear(account.folder.local)
    code, lines = examine("--repair")
    assert code == 1
    assert of(lines, "repair").found.startswith("Nothing can be read from local.db")
    assert account.folder.local.read_bytes() == torn


# The terminal


@dataclass
class Terminal:
    """A pseudo terminal with somebody who answers at its other end."""

    inside: int
    outside: int
    asked: bytes = b""

    def answer(self, words: bytes) -> threading.Thread:
        def serve() -> None:
            while not self.asked.endswith(b"c"):
                self.asked += os.read(self.outside, 1024)
            os.write(self.outside, words)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        return thread


@pytest.fixture
def screen() -> Iterator[Terminal]:
    outside, inside = pty.openpty()
    yield Terminal(inside, outside)
    os.close(inside)
    os.close(outside)


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (b"\x1b[?0u\x1b[?62;4c", 0),
        (b"\x1b[?5u\x1b[?1;2c", 5),
        (b"\x1b[?62;4c", None),
        (b"keys typed meanwhile\x1b[?1u\x1b[?62c", 1),
    ],
)
def test_the_keyboard_is_asked_and_the_terminal_is_as_before(
    screen: Terminal, words: bytes, flags: int | None
) -> None:
    before = termios.tcgetattr(screen.inside)
    thread = screen.answer(words)
    assert terminal.ask_keyboard(screen.inside, screen.inside, seconds=10) == flags
    thread.join()
    assert screen.asked == b"\x1b[?u\x1b[c"
    assert termios.tcgetattr(screen.inside) == before
    assert select.select([screen.inside], [], [], 0)[0] == []


def test_a_terminal_that_never_answers_is_not_waited_for_and_is_as_before(screen: Terminal) -> None:
    before = termios.tcgetattr(screen.inside)
    assert terminal.ask_keyboard(screen.inside, screen.inside, seconds=0.05) is None
    assert termios.tcgetattr(screen.inside) == before


def test_in_a_terminal_of_its_own_the_command_asks_the_keyboard_and_ends(
    home: Path, screen: Terminal
) -> None:
    thread = screen.answer(b"\x1b[?1u\x1b[?62;4c")
    before = termios.tcgetattr(screen.inside)
    start = "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    program = f"{start}from inbox_tui import cli; sys.exit(cli.run(['doctor', '--json']))"
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=screen.inside,
        stdout=screen.inside,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    thread.join()
    _, errors = child.communicate()
    assert (child.returncode, errors) == (0, b"")
    words = screen.asked
    while select.select([screen.outside], [], [], 0)[0]:
        words += os.read(screen.outside, 65536)
    lines = [json.loads(line) for line in words.replace(b"\x1b[?u\x1b[c", b"").split(b"\r\n") if line]
    (keys,) = [line for line in lines if line["check"] == "keys"]
    assert keys["found"] == "the terminal knows the Kitty keyboard protocol (flags now 1)"
    assert termios.tcgetattr(screen.inside) == before


@pytest.mark.parametrize(
    ("environment", "check", "level", "words"),
    [
        ({"TERM": "xterm-kitty", "COLORTERM": "truecolor"}, "terminal", "ok", "TERM=xterm-kitty"),
        ({"TERM": "xterm-256color"}, "terminal", "note", "COLORTERM=not set"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "terminal", "ok", "without colours"),
        ({"TERM": "dumb"}, "terminal", "note", "TERM is dumb"),
        ({}, "terminal", "note", "TERM is not set"),
        ({"LANG": "de_DE.UTF-8"}, "letters", "ok", "de_DE.UTF-8"),
        ({"LC_ALL": "en_GB.utf8", "LANG": "C"}, "letters", "ok", "en_GB.utf8"),
        ({"LC_ALL": "POSIX", "LANG": "C.UTF-8"}, "letters", "note", "POSIX"),
        ({"STY": "1.screen"}, "screen", "note", "inside GNU screen"),
        ({}, "tmux", "ok", "not inside tmux"),
    ],
)
def test_what_the_environment_says_of_the_terminal(
    environment: dict[str, str], check: str, level: str, words: str
) -> None:
    (finding,) = [finding for finding in terminal.check(environment) if finding.check == check]
    assert finding.level == level
    assert words in finding.found


@pytest.mark.parametrize(
    ("answers", "level", "advice"),
    [
        ("10 on", Level.OK, ""),
        ("500 on", Level.NOTE, "Put into ~/.tmux.conf: set -s escape-time 10"),
        ("0 off", Level.NOTE, "Put into ~/.tmux.conf: set -s extended-keys on"),
        ("", Level.NOTE, "Put into ~/.tmux.conf: set -s escape-time 10; set -s extended-keys on"),
    ],
)
def test_inside_tmux_it_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: str, level: Level, advice: str
) -> None:
    escape, _, extended = answers.partition(" ")
    program = tmp_path / "tmux"
    program.write_text(f'#!/bin/sh\ncase "$3" in escape-time) echo {escape};; *) echo {extended};; esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (finding,) = [finding for finding in terminal.check({"TMUX": "/tmp/s,1,0"}) if finding.check == "tmux"]
    assert (finding.level, finding.advice) == (level, advice)
