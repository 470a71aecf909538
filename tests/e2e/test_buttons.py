"""Telegram buttons in a real terminal, by keys only: build, send, read the tap, reword, remove, copy."""

from __future__ import annotations

from .terminal import Terminal, until

OURS = "Shall the driver ring the bell?"


def test_buttons_are_built_sent_tapped_reworded_and_removed(demo: Terminal) -> None:
    demo.run("inbox-tui demo")
    demo.sees("NORMAL", "Max Whitlock", "⏎ open")
    from_building_to_removing(demo)


def from_building_to_removing(demo: Terminal) -> None:
    """The whole life of a button, beginning at the list of chats."""
    demo.press("\\")
    demo.type("from:max")
    demo.sees("Max Whitlock", without="Priya Tran")
    demo.press("Enter")
    demo.sees("⏎ open")
    demo.press("Enter")
    demo.sees("Max Whitlock · Telegram", "Esc back")

    demo.press("r")
    demo.type(OURS)
    demo.press("C-n")
    demo.sees("Buttons for Max Whitlock")
    demo.type("Leave it in the shed = ")
    demo.sees("✗ row 1, button 1: Write its data behind =")
    demo.type("shed")
    demo.sees("✓ 1 row, 1 button", "sends shed (4 of 64 bytes)")
    demo.press("C-s")
    demo.sees("⌨ 1 row, 1 button: Leave it in the shed", OURS)
    demo.press("Enter")
    demo.press("Escape")
    demo.sees("tapped ▸ Leave it in the shed")

    demo.press("G")
    until(lambda: _cursor_on(demo, "tapped"), demo.screen)
    until(lambda: _cursor_on(demo, OURS) or demo.press("k"), demo.screen)
    demo.press("E")
    demo.sees("Edit a message to Max Whitlock", "No change yet")
    demo.type(" He comes at noon.")
    demo.sees("+ Shall the driver ring the bell? He comes at noon.", f"{len(OURS) + 18} of 4096 characters")
    demo.press("Enter")
    demo.sees("noon.", "edited")

    demo.press("B")
    demo.sees("Buttons under a message to Max Whitlock", "✓ 1 row, 1 button")
    demo.press("C-r")
    demo.sees("tapped ▸ Leave it in the shed", "edited", without="  Leave it in the shed  ")

    before = demo.clipboard()
    demo.press("y")
    demo.sees("Copied: Shall the driver ring")
    until(lambda: demo.clipboard() != before, demo.clipboard)


def _cursor_on(demo: Terminal, words: str) -> bool:
    """Whether the bar of the thread's cursor stands before a message."""
    return any("▎" in line and words.split()[0] in line for line in demo.screen().splitlines())
