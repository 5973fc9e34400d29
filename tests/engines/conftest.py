"""The real server's program and the random model, made once and kept under .cache/engines."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.llama_cpp import CACHE, PACKAGES, build, with_packages

HERE = Path(__file__).parent
MADE_BY = ("gguf_model.py", "sayings.py", "vocabulary.py", "chat_template.jinja")


@pytest.fixture(scope="session")
def seed() -> int:
    """Of everything random: SEED in the environment, else 1."""
    seed = int(os.environ.get("SEED", "1"))
    print(f"\nSEED={seed}", flush=True)
    return seed


@pytest.fixture(scope="session")
def llama_server() -> Path:
    """The executable."""
    return build()


@pytest.fixture(scope="session")
def gguf(seed: int) -> Path:
    """The random model of this seed; its name is one of a Devstral."""
    parts = [PACKAGES.read_bytes(), *((HERE / name).read_bytes() for name in MADE_BY)]
    file = CACHE / f"model-{hashlib.sha256(b''.join(parts)).hexdigest()[:12]}" / f"devstral-small-2-random-{seed}.gguf"
    if not file.exists():
        for old in CACHE.glob("model-*"):
            shutil.rmtree(old)
        file.parent.mkdir(parents=True, exist_ok=True)
        making = [sys.executable, "-m", "tests.engines.gguf_model", str(seed), str(file)]
        subprocess.run(making, check=True, cwd=HERE.parents[1], env=with_packages())
    return file
