"""The person's own file: read as it is now, and written so that nothing else in it changes."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox_tui.config.snippets import Reading, SnippetFile
from inbox_tui.core.errors import Refused, StoreError, UsageError
from inbox_tui.core.snippets import Snippet
from inbox_tui.core.text import clean

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


HAND_WRITTEN = '''
# what we say every day
[greeting]
text = "Hi {{first_name|there}}!"

[tracking]
platforms = ["tg"]
text = """
Order {{?order number}} left today.
[greeting]
Track it below."""
keyboard = "Track order | Size guide > https://acme.example/sizes"

[closing]
text = "Bye"
'''


def read(text: str, folder: Path) -> Reading:
    """What is read of a file."""
    (folder / "snippets.toml").write_text(text, encoding="utf-8")
    return SnippetFile(folder / "snippets.toml").read()


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


def test_a_file_gives_its_snippets_in_its_order(tmp_path: Path) -> None:
    reading = read(HAND_WRITTEN, tmp_path)
    assert reading.problems == ()
    assert list(reading.snippets) == ["greeting", "tracking", "closing"]
    tracking = reading.snippets["tracking"]
    assert tracking.text == "Order {{?order number}} left today.\n[greeting]\nTrack it below."
    assert tracking.platforms == ("telegram",)
    assert tracking.keyboard == {
        "inline_keyboard": [
            [
                {"text": "Track order", "callback_data": "track_order"},
                {"text": "Size guide", "url": "https://acme.example/sizes"},
            ]
        ]
    }


ALL = ["greeting", "tracking", "closing"]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "words", "left"),
    [
        ('text = "Hi', 'text "Hi', 4, "cannot be understood", ALL[1:]),
        ('"Bye"', "5", 15, "closing: there is no text. Write text = a text in quotes", ALL[:2]),
        ('"tg"', '"icq"', 7, "facebook, instagram, telegram, bluesky", [ALL[0], ALL[2]]),
        ("> https", "> ftp", 12, "row 1, button 2: Its address must begin with", [ALL[0], ALL[2]]),
        ("[closing]", "[[closing]]", 14, "Write [closing]", ALL[:2]),
        ("[closing]", "[greeting]", 15, "set on line 4 already", ALL[:2]),
        ("[closing]", '["clo\\nsing"]', 15, "a name of one line", ALL[:2]),
        ('"Bye"', '"Bye"\nplatfrm = "tg"', 16, "platfrm means nothing here. Did you mean platforms?", ALL),
        ('"Bye"', '"{{nmae}}"', 15, "{{nmae}} is not known. Did you mean name?", ALL),
        ("\n# what we say every day", 'greeting = "Hi"', 1, "Write [greeting] and, below", ALL[1:]),
        ("[closing]", "[good bye]", 14, 'Write the name in brackets: ["good bye"], in quotes', ALL[:2]),
        ('"Bye"', '"Bye"\nliteral = 1', 16, "Write true or false", ALL[:2]),
    ],
)
def test_a_problem_names_its_line_and_what_was_expected_and_the_rest_is_read(
    right: str, wrong: str, line: int, words: str, left: list[str], tmp_path: Path
) -> None:
    reading = read(HAND_WRITTEN.replace(right, wrong), tmp_path)
    assert list(reading.snippets) == left
    assert [problem.line for problem in reading.problems] == [line]
    assert words in str(reading.problems[0])


def test_a_text_that_is_not_closed_costs_no_other_that_stands_behind_it(tmp_path: Path) -> None:
    reading = read(HAND_WRITTEN.replace('Track it below."""', "Track it below."), tmp_path)
    assert list(reading.snippets) == ["closing"]
    assert reading.problems[0].line == 8


def test_a_keyboard_may_stand_as_telegram_takes_it(tmp_path: Path) -> None:
    forced = '[a]\ntext = "?"\n[a.keyboard]\nforce_reply = true'
    reading = read(f'{forced}\n[b]\ntext = "?"\nkeyboard = {{keyboard = [["Yes"]]}}', tmp_path)
    assert reading.problems == ()
    assert [snippet.keyboard for snippet in reading.snippets.values()] == [
        {"force_reply": True},
        {"keyboard": [["Yes"]]},
    ]


TOML = st.text(st.sampled_from("[]\"'=\n#{}|\\ ab?.\x1b\ttextplatforms"), max_size=60)


@settings(max_examples=60, deadline=None)
@given(TOML, st.sampled_from(["", HAND_WRITTEN]))
def test_no_file_whatever_it_holds_is_an_error_and_what_it_says_is_safe_to_draw(
    tmp_path_factory: pytest.TempPathFactory, text: str, file: str
) -> None:
    reading = read(f"{text}\n{file}", tmp_path_factory.mktemp("any"))
    for problem in reading.problems:
        assert clean(str(problem)) == str(problem)
    for name, snippet in reading.snippets.items():
        assert name.isprintable()
        assert snippet.text.strip()


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
    with pytest.raises(UsageError, match="line 6: colour"):
        file.save(Snippet("new", "x"))
    assert text(file) == broken


def test_what_a_fault_hides_stays_as_it_was_read_last(file: SnippetFile) -> None:
    first = file.read()
    before = first.snippets
    file.path.write_text(FILE.replace("colour =", "colour").replace("left today", "left"))
    now = file.read()
    assert now.snippets["greeting"] == before["greeting"]
    assert now.snippets["tracking"].text == "Order {{?order number}}\nleft."
    assert [problem.line for problem in now.problems] == [6]
    file.path.write_bytes(b"\xff\xfe")
    assert file.read().snippets == now.snippets
    assert "not UTF-8 text" in str(file.read().problems[0])
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


@settings(max_examples=25, deadline=None)
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
