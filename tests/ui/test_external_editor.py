"""Writing in an editor: what it leaves is the text, and whatever goes wrong is said in a sentence."""

from __future__ import annotations

import signal
import stat
import sys
from pathlib import Path

import pytest

from inbox_tui.ui.editor import MOST_CHARACTERS
from inbox_tui.ui.external_editor import NoText, written_in_editor


@pytest.fixture(autouse=True)
def no_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set unless a test sets it."""
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)


def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, *arguments: str) -> None:
    """Make a program the editor; `path` is the file that it is given."""
    script = tmp_path / "my editor.py"
    script.write_text(f"import os, signal, sys\npath = sys.argv[-1]\n{code}\n")
    monkeypatch.setenv("EDITOR", " ".join([sys.executable, f"'{script}'", *arguments]))


def test_the_file_is_private_holds_the_text_and_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "account"
    folder.mkdir(mode=0o700)
    log = tmp_path / "log"
    code = f"""
seen = open(path, encoding="utf-8").read()
print(path, oct(os.stat(path).st_mode), oct(os.stat(os.path.dirname(path)).st_mode), sys.argv[1:-1], seen,
      sep="\\n", file=open({str(log)!r}, "w", encoding="utf-8"))
open(path + "~", "w").write("what editors leave behind")
open(path, "w", encoding="utf-8").write("grüße\\r\\nzwei\\x1b\\n")
"""
    editor(tmp_path, monkeypatch, code, "--wait", "'two words'")
    assert written_in_editor(folder, "größe") == "grüße\nzwei␛"
    path, mode, folder_mode, arguments, *seen = log.read_text(encoding="utf-8").splitlines()
    assert Path(path).parents[1] == folder
    assert (mode, folder_mode) == (oct(stat.S_IFREG | 0o600), oct(stat.S_IFDIR | 0o700))
    assert arguments == "['--wait', 'two words']"
    assert seen == ["größe"]
    assert list(folder.iterdir()) == []


def test_visual_goes_before_editor_and_no_shell_reads_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, "sys.exit(9)")
    owned = tmp_path / "owned"
    monkeypatch.setenv("VISUAL", f"true ; touch {owned} #")
    assert written_in_editor(tmp_path, "text") == "text"
    assert not owned.exists()


@pytest.mark.parametrize(("before", "after"), [("a", "a"), ("a\n", "a\n"), ("a\n\n", "a\n\n")])
def test_an_untouched_text_comes_back_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    editor(tmp_path, monkeypatch, "pass")
    assert written_in_editor(tmp_path, before) == after


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("sys.exit(3)", "failed with code 3"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "was ended by signal 15"),
        ("open(path, 'w').close()", "left an empty file"),
        ("open(path, 'w').write(' \\n')", "left an empty file"),
        ("os.unlink(path)", "left no file"),
        ("os.unlink(path); os.mkdir(path)", "left no file"),
        ("os.unlink(path); os.mkfifo(path)", "left no file"),
        ("open(path, 'wb').write(b'\\xff\\xfe\\x00')", "left a file that is not UTF-8 text"),
        (f"open(path, 'w').write('x' * {MOST_CHARACTERS + 1})", "left over 50,000 characters"),
        (f"open(path, 'w').write('é' * {4 * MOST_CHARACTERS})", "left over 50,000 characters"),
    ],
)
def test_an_editor_that_gives_no_text_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    editor(tmp_path, monkeypatch, code)
    with pytest.raises(NoText, match=words):
        written_in_editor(tmp_path, "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["my editor.py"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "There is no editor: set .VISUAL or .EDITOR"),
        ("   ", "There is no editor"),
        ("/nowhere/ed", "/nowhere/ed cannot be started: No such file"),
        ("'unclosed", "cannot be understood: No closing quotation"),
        ("/", "cannot be started: Permission denied"),
    ],
)
def test_a_setting_that_is_no_program_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    monkeypatch.setenv("EDITOR", value)
    with pytest.raises(NoText, match=words):
        written_in_editor(tmp_path, "kept")


def test_a_folder_that_takes_no_file_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(tmp_path, monkeypatch, "pass")
    with pytest.raises(NoText, match="cannot be handed to the editor: No such file"):
        written_in_editor(tmp_path / "gone", "kept")


def test_an_interrupt_in_the_terminal_is_the_editors_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "os.kill(os.getppid(), signal.SIGINT); open(path, 'a').write(str(signal.getsignal(signal.SIGINT)))"
    editor(tmp_path, monkeypatch, code)
    before = signal.getsignal(signal.SIGINT)
    # The editor itself has the default, not the deafness of who started it.
    assert written_in_editor(tmp_path, "") == "<built-in function default_int_handler>"
    assert signal.getsignal(signal.SIGINT) == before
