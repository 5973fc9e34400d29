"""Run the benchmarks and print one line per figure."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import platform
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure

NAMES = ("startup", "turns", "deltas", "search", "keystroke", "actions", "wire", "conversation", "cancel", "command")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--runs", type=int, default=15, help="how many measurements each figure is the median of")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}; medians of {arguments.runs} (smallest - largest)")
    for name in arguments.names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        with TemporaryDirectory(prefix="devstral-ls-bench-") as folder:
            figures: list[Figure] = asyncio.run(module.measure(Path(folder), arguments.runs))
        for figure in figures:
            low, middle, high = min(figure.values), statistics.median(figure.values), max(figure.values)
            spread = f"({low:.4g} - {high:.4g})"
            print(f"{name:10} {figure.what:58} {middle:10.4g} {figure.unit:10} {spread:24} {figure.goal}")


if __name__ == "__main__":
    main()
