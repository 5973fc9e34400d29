"""A real llama-server: built once from the sources on the package index, and started for each thing to try.

The source distribution of llama-cpp-python carries llama.cpp whole; it and everything needed to build it are pinned
with their hashes in `sources.txt` and `packages.txt`. What comes of it stays under .cache/engines.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "engines"
PACKAGES, SOURCES = HERE / "packages.txt", HERE / "sources.txt"

OPTIONS = {
    "CMAKE_BUILD_TYPE": "Release",
    "BUILD_SHARED_LIBS": "OFF",
    "LLAMA_BUILD_TESTS": "OFF",
    "LLAMA_BUILD_EXAMPLES": "OFF",
    "LLAMA_BUILD_APP": "OFF",
    # The page for browsers would be fetched while building.
    "LLAMA_BUILD_UI": "OFF",
    "LLAMA_USE_PREBUILT_UI": "OFF",
    "LLAMA_OPENSSL": "OFF",
    "GGML_OPENMP": "OFF",
    "GGML_CCACHE": "OFF",
}
JOBS = 2
STARTS_WITHIN = 60.0
"""Seconds after which a server that can't be asked for its health has failed to start."""


def build() -> Path:
    """The llama-server executable, built if need be, which takes some minutes. Fails the test with what is missing."""
    place = CACHE / f"llama-{_digest(PACKAGES, SOURCES)}"
    program = place / "build" / "bin" / "llama-server"
    if program.exists():  # the last thing a build makes
        return program
    if shutil.which("c++") is None and shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.fail("there is no C++ compiler to build llama.cpp with: sudo apt install g++", pytrace=False)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    sources = _unpacked(place)
    tools = packages()
    print("building llama-server, which takes some minutes ...", flush=True)
    cmake, ninja = tools / "bin" / "cmake", tools / "bin" / "ninja"
    given = [f"-D{name}={value}" for name, value in OPTIONS.items()]
    configure: list[str | Path] = [cmake, "-S", sources, "-B", place / "build", "-G", "Ninja"]
    configure += [f"-DCMAKE_MAKE_PROGRAM={ninja}", *given]
    _run(configure, place, with_packages())
    _run(["nice", ninja, "-C", place / "build", "-j", str(JOBS), "llama-server"], place, with_packages())
    return program


def packages() -> Path:
    """A folder for PYTHONPATH with the pinned packages, installed if need be."""
    place = CACHE / f"packages-{_digest(PACKAGES)}-{sys.version_info.major}.{sys.version_info.minor}"
    if not place.exists():
        unfinished = place.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        only = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
        _run([*_pip("install"), *only, "--target", unfinished, "-r", PACKAGES], CACHE)
        unfinished.rename(place)
    return place


def with_packages() -> dict[str, str]:
    """An environment in which Python finds the pinned packages as well."""
    return {**os.environ, "PYTHONPATH": str(packages())}


def _unpacked(place: Path) -> Path:
    """The root of llama.cpp's sources."""
    # pip asks even a source distribution that it only downloads for its metadata, by the build system pinned here.
    only = ["--no-deps", "--require-hashes", "--no-binary", ":all:", "--no-build-isolation"]
    _run([*_pip("download"), *only, "-d", place, "-r", SOURCES], place, with_packages())
    (archive,) = place.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(place)  # pinned by its hash, where Python has no filter
    archive.unlink()
    (sources,) = place.glob("*/vendor/llama.cpp")
    return sources


def _pip(command: str) -> list[str]:
    return [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check"]


def _run(command: Sequence[str | Path], place: Path, environ: dict[str, str] | None = None) -> None:
    """Run to the end; fails the test with the last lines of what it wrote to `place`/log."""
    with (place / "log").open("ab") as log:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ)
    if done.returncode != 0:
        last = (place / "log").read_text(errors="replace").splitlines()[-30:]
        pytest.fail("\n".join([f"failed: {' '.join(map(str, command))}", *last]), pytrace=False)


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


@dataclass(frozen=True)
class LlamaServer:
    """A llama-server that answers. log: where it writes what it does."""

    base_url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def serving(
    program: Path, model: Path, log: Path, context: int, flags: Sequence[str], seed: int
) -> Iterator[LlamaServer]:
    """A server of `model` with one slot of `context` tokens. It has to be still there at the end.

    seed: what every reply's random choices begin with.
    """
    port = _free_port()
    command: list[str | Path] = [program, "--host", "127.0.0.1", "--port", str(port)]
    # Two threads wait for each other in a loop, which takes for ever on a machine that has other things to do.
    command += ["-m", model, "--alias", model.stem, "--threads", "1", *flags]
    command += ["-c", str(context), "--parallel", "1", "--no-warmup", "--seed", str(seed)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        _await_health(f"http://127.0.0.1:{port}/health", process, log)
        yield LlamaServer(f"http://127.0.0.1:{port}/v1", process, log)
        assert process.poll() is None, f"llama-server died:\n{_tail(log)}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_health(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the model is loaded; there is nothing to be told by, so the server is asked again and again."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends and process.poll() is None:
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"llama-server did not start:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:])


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
