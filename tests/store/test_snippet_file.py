"""The person's own file: read as it is now, and written so that nothing else in it changes."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.core.errors import Refused, StoreError, UsageError
from inbox_tui.core.snippets import Snippet
from inbox_tui.core.text import clean
from inbox_tui.store.snippet_file import SnippetFile

FILE = '''# Ours. Ask Mona before you change the first one.

[greeting]  # used all day
# never "Dear"
text = "Hi {{name|there}}!"   # short
colour = "red"
# about the next one: still in use

[tracking]
text = """
Order {{?order number}}
left today."""

# the end
'''


@pytest.fixture
def file(tmp_path: Path) -> SnippetFile:
    """A file that was written by hand."""
    path = tmp_path / "config" / "snippets.toml"
    path.parent.mkdir()
    path.write_text(FILE)
    return SnippetFile(path)


def text(file: SnippetFile) -> str:
    """What the file holds."""
    return file.path.read_text()


def change(file: SnippetFile, name: str, /, **fields: object) -> None:
    """Change a snippet as the dialog does."""
    from dataclasses import replace

    was = file.read().snippets[name]
    file.save(replace(was, **fields), was)


def test_a_file_that_is_not_there_has_no_snippets_and_is_made_private(tmp_path: Path) -> None:
    file = SnippetFile(tmp_path / "config" / "snippets.toml")
    assert not file.read().snippets
    file.save(Snippet("bye", "Bye\n\nfor now"))
    assert file.read().snippets["bye"].text == "Bye\n\nfor now"
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_an_edit_changes_its_value_and_no_other_byte(file: SnippetFile) -> None:
    change(file, "greeting", text="Hello {{name}}!")
    assert text(file) == FILE.replace("Hi {{name|there}}!", "Hello {{name}}!")


def test_a_new_name_stands_where_the_old_one_stood(file: SnippetFile) -> None:
    change(file, "greeting", name="good day")
    assert text(file) == FILE.replace("[greeting]", '["good day"]')


def test_a_new_snippet_stands_at_the_end(file: SnippetFile) -> None:
    markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    file.save(Snippet("new", "Well?", markup, ("telegram",)))
    assert text(file).startswith(FILE)
    assert file.read().snippets["new"].keyboard == markup
    assert tomllib.loads(text(file))["new"] == {
        "text": "Well?",
        "keyboard": "Yes",
        "platforms": ["telegram"],
    }


def test_a_keyboard_that_lines_cannot_say_is_written_as_it_is_sent(file: SnippetFile) -> None:
    markup = {"keyboard": [["Yes", "No"]], "one_time_keyboard": True}
    change(file, "greeting", keyboard=markup)
    assert file.read().snippets["greeting"].keyboard == markup


def test_deleting_a_snippet_keeps_the_comments_that_are_about_the_next(file: SnippetFile) -> None:
    file.delete(file.read().snippets["greeting"])
    assert list(file.read().snippets) == ["tracking"]
    assert "# about the next one: still in use" in text(file)
    assert "# Ours." in text(file)
    assert '"Dear"' not in text(file)
    file.delete(file.read().snippets["tracking"])
    assert "# the end" in text(file)
    assert "# about the next one: still in use" in text(file)


def test_a_taken_name_and_a_snippet_that_changed_meanwhile_are_refused(file: SnippetFile) -> None:
    was = file.read().snippets["greeting"]
    with pytest.raises(Refused, match="There is a snippet called tracking already"):
        file.save(Snippet("tracking", "x"))
    with pytest.raises(Refused, match="called tracking already"):
        change(file, "greeting", name="tracking")
    file.path.write_text(FILE.replace("Hi {{", "Hey {{"))
    with pytest.raises(Refused, match="was changed or taken out meanwhile"):
        file.save(Snippet("greeting", "mine"), was)
    with pytest.raises(Refused, match="was changed or taken out meanwhile"):
        file.delete(was)
    assert text(file) == FILE.replace("Hi {{", "Hey {{")


def test_a_broken_file_is_not_written_and_its_line_is_named(file: SnippetFile) -> None:
    broken = FILE.replace("colour =", "colour")
    file.path.write_text(broken)
    with pytest.raises(UsageError, match="line 6: expected '='"):
        file.save(Snippet("new", "x"))
    assert text(file) == broken


def test_what_a_fault_hides_stays_as_it_was_read_last(file: SnippetFile) -> None:
    first = file.read()
    before = first.snippets
    file.path.write_text(FILE.replace("colour =", "colour").replace("left today", "left"))
    now = file.read()
    assert now.snippets["greeting"] == before["greeting"]
    assert now.snippets["tracking"].text == "Order {{?order number}}\nleft."
    assert [fault.line for fault in now.faults] == [6]
    file.path.write_bytes(b"\xff\xfe")
    assert file.read().snippets == now.snippets
    assert "UTF-8" in str(file.read().faults[0])
    file.path.write_text(FILE)
    assert file.read() == first


def test_a_file_that_has_not_changed_is_not_read_again(file: SnippetFile) -> None:
    assert file.read() is file.read()
    os.utime(file.path, (1, 1))
    assert file.read().snippets


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(file: SnippetFile) -> None:
    file.path.parent.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        file.save(Snippet("new", "x"))
    file.path.parent.chmod(0o700)


def test_a_link_stays_a_link_and_its_file_keeps_its_mode(file: SnippetFile, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    file.path.rename(kept)
    kept.chmod(0o644)
    file.path.symlink_to(kept)
    file.save(Snippet("new", "x"))
    assert file.path.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o644
    assert "new" in file.read().snippets


WORDS = st.text(min_size=1, max_size=40).map(clean).filter(str.strip)
NAMES = st.text(min_size=1, max_size=12).map(lambda name: " ".join(clean(name).split())).filter(bool)


@settings(max_examples=60, deadline=None)
@given(NAMES.filter(lambda name: name not in ("greeting", "tracking")), WORDS, WORDS, NAMES)
def test_whatever_is_typed_comes_back_and_the_rest_stays(
    tmp_path_factory: pytest.TempPathFactory, name: str, first: str, second: str, other: str
) -> None:
    file = SnippetFile(tmp_path_factory.mktemp("any") / "snippets.toml")
    file.path.write_text(FILE)
    before = dict(file.read().snippets)
    file.save(Snippet(name, first))
    assert file.read().snippets[name].text == first
    file.save(Snippet(name, second), file.read().snippets[name])
    assert file.read().snippets[name].text == second
    if other not in file.read().snippets:
        change(file, name, name=other)
        name = other
    file.delete(file.read().snippets[name])
    assert dict(file.read().snippets) == before
