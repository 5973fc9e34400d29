"""Workspaces to measure in."""

from __future__ import annotations

from pathlib import Path


def large(folder: Path, files: int = 50_000) -> Path:
    """A workspace of that many small Python files, 100 to a directory."""
    root = folder / "large"
    for number in range(files):
        directory = root / f"package{number // 100:03}"
        if number % 100 == 0:
            directory.mkdir(parents=True)
        body = f"def function_{number}(x):\n    return x + {number}\n\n\n" * 8
        (directory / f"module{number % 100:02}.py").write_text(body)
    return root
