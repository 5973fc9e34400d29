"""Takes the README's picture: runs the demo in a terminal (tmux) and draws its screen. `python docs/picture.py`

With two arguments it draws another terminal's screen: `python docs/picture.py FILE.svg TITLE < SCREEN`
"""

from __future__ import annotations

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


def main() -> None:
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
    command_line = Text("$ devstral-ls demo", style="bold")
    draw(PICTURE, "devstral-ls demo", [command_line, Text.from_ansi(printed.rstrip())], WIDTH)


def draw(picture: Path, title: str, parts: list[Text], width: int) -> None:
    """Write the picture of a terminal of so many columns."""
    console = Console(record=True, width=width, file=open(os.devnull, "w"), color_system="truecolor")  # noqa: SIM115, PTH123
    for part in parts:
        console.print(part)
    svg = console.export_svg(title=title, theme=NIGHT, unique_id=picture.stem)
    # No fonts from elsewhere: a picture in a repository loads nothing.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(re.sub(r"[ \t]+\n", "\n", svg), encoding="utf-8")
    print(f"{picture} written")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        shown = Text.from_ansi(sys.stdin.read().rstrip("\n"))
        draw(Path(sys.argv[1]), sys.argv[2], [shown], max(map(len, shown.plain.split("\n"))))
    else:
        main()
