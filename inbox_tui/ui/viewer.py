"""A process that shows one picture as well as the terminal can, until a key is pressed."""

from __future__ import annotations

import sys
import termios
import tty
from pathlib import Path

from inbox_tui.ui.pictures import FORMATS, MOST_PIXELS


def main(path: Path) -> int:
    """Draw a picture with the terminal's best protocol; 1 where it cannot be read."""
    from PIL import Image
    from rich.console import Console

    # Asks the terminal when it is loaded; nobody else reads the keyboard now.
    from textual_image.renderable import Image as Picture

    console = Console()
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.size[0] * image.size[1] > MOST_PIXELS:
                return 1
            console.clear()
            console.print(Picture(image.convert("RGBA"), width="auto", height=max(1, console.height - 2)))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    console.print("any key: back", end="")
    sys.stdout.flush()
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        sys.stdin.read(1)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        console.clear()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
