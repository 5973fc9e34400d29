"""The project the editors work on, and the server they find on PATH."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devstral_ls.scripted import Script

PRICES = '''\
"""What things cost."""

TAX = 0.19


def with_tax(net):
    return net * (1 + TAX)


def total(prices):
    return sum(prices)
'''

CART = '''\
"""What a customer is about to buy."""

from shop.prices import total, with_tax


def to_pay(cart):
    return with_tax(total(cart))
'''

OLD_TOTAL = "    return sum(prices)\n"
NEW_TOTAL = "    return round(sum(prices), 2)\n"


def create(root: Path) -> Path:
    """The project's files in the new folder `root`, a Git repository."""
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "__init__.py").write_bytes(b"")
    (root / "shop" / "prices.py").write_text(PRICES, encoding="utf-8", newline="")
    (root / "shop" / "cart.py").write_text(CART, encoding="utf-8", newline="")
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    return root


def script(*turns: Mapping[str, Any]) -> Script:
    """What the model is going to say."""
    return Script.parse({"turns": list(turns)})


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def edits(path: str, old: str, new: str, done: str = "Done.") -> list[dict[str, Any]]:
    """The turns of a model that reads a file, edits it, and says so."""
    return [
        {"calls": [call("read_file", file_path=path)]},
        {"calls": [call("edit_file", file_path=path, old_string=old, new_string=new)]},
        {"text": done},
    ]


def environment(home: Path, base_url: str) -> dict[str, str]:
    """An environment in which `devstral-ls` is this source tree, the model is at `base_url` and home is empty."""
    binaries = home / "bin"
    binaries.mkdir(parents=True)
    program = binaries / "devstral-ls"
    # Tests that a model adds would make the server ask whether to run them; here the only questions are about edits.
    flags = '[ "$1" = serve ] && set -- "$@" --no-check'
    line = f'exec {shlex.quote(sys.executable)} -P -m devstral_ls "$@"'
    program.write_text(f"#!/bin/sh\n{flags}\n{line}\n", encoding="utf-8")
    program.chmod(0o755)
    source = Path(__file__).parents[2]
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {
        "LANG": "C.UTF-8",
        **kept,
        "PATH": os.pathsep.join((str(binaries), os.environ["PATH"])),
        "HOME": str(home),
        "PYTHONPATH": str(source),
        "TERM": "xterm-256color",
        "GIT_CONFIG_NOSYSTEM": "1",
        "DEVSTRAL_LS_BASE_URL": base_url,
        "DEVSTRAL_LS_TRY_OUT": "0",
    }


def told(request: Mapping[str, Any]) -> str:
    """Everything the model was told in one request, as one text."""
    contents = [message.get("content") or "" for message in request["messages"]]
    return "\n".join(item if isinstance(item, str) else str(item) for item in contents)
