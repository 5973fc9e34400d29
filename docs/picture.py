"""Draws a terminal's screen as a picture.

`python docs/picture.py` takes the README's: it runs the demo in tmux. With PICTURE TITLE COLUMNS it draws what
it is given on standard input, escape sequences and all.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

PICTURE = Path(__file__).parent / "pictures" / "demo.svg"
WIDTH, HEIGHT = 112, 60
# fmt: off
COLOURS = [
    (70, 74, 84), (240, 113, 120), (140, 200, 120), (229, 192, 123),
    (97, 175, 239), (198, 120, 221), (86, 182, 194), (205, 208, 214),
]
# fmt: on
NIGHT = TerminalTheme(
    (22, 24, 30),
    (205, 208, 214),
    COLOURS,
)


def draw(text: Text, picture: Path, title: str, width: int) -> None:
    """Write `text` as the SVG `picture` of a terminal `width` columns wide."""
    console = Console(record=True, width=width, file=io.StringIO(), color_system="truecolor")
    console.print(text)
    svg = console.export_svg(title=title, theme=NIGHT, unique_id=picture.stem)  # or two pictures on a page share styles
    # No fonts from elsewhere: a picture in a repository loads nothing.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(re.sub(r"[ \t]+\n", "\n", svg), encoding="utf-8")


def main() -> None:
    if len(sys.argv) > 1:
        picture, title, columns = sys.argv[1:]
        draw(Text.from_ansi(sys.stdin.read().rstrip()), Path(picture), title, int(columns))
    else:
        demo()


def demo() -> None:
    tmux = ["tmux", "-L", "devstral-ls-picture"]
    command = (
        f"{shlex.quote(sys.executable)} -m devstral_ls demo; tmux -L devstral-ls-picture wait-for -S done; sleep 60"
    )
    size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
    subprocess.run([*tmux, "-f", os.devnull, "new-session", "-d", *size, command], check=True)
    try:
        subprocess.run([*tmux, "wait-for", "done"], check=True, timeout=60)
        screen = subprocess.run([*tmux, "capture-pane", "-e", "-p"], capture_output=True, text=True, check=True).stdout
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)
    # The temporary folder's name is noise in a picture.
    printed = re.sub(r"/\S*/devstral-ls-demo-[^/]*/", "~/", screen)
    prompt = Text("$ devstral-ls demo\n", style="bold")
    draw(Text.assemble(prompt, Text.from_ansi(printed.rstrip())), PICTURE, "devstral-ls demo", WIDTH)
    print(f"{PICTURE} written")


if __name__ == "__main__":
    main()
