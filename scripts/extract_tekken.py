"""Writes devstral_ls/llm/tekken/ranks.z from the vocabulary in mistral-common: `python scripts/extract_tekken.py`.

Tekken tokens are byte strings ordered by rank. The first 256 are the single bytes; the file holds the others, as the
length of each, one byte a token, and then all of them end to end, compressed.
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from importlib.resources import files
from pathlib import Path

SOURCE = "tekken_240911.json"
TARGET = Path(__file__).parents[1] / "devstral_ls" / "llm" / "tekken" / "ranks.z"


def main() -> int:
    from devstral_ls.llm.tokens import PATTERN

    source = json.loads(files("mistral_common").joinpath("data", SOURCE).read_bytes())
    config = source["config"]
    used = config["default_vocab_size"] - config["default_num_special_tokens"]
    entries = source["vocab"][:used]
    tokens = [base64.b64decode(entry["token_bytes"]) for entry in entries]
    if config["pattern"] != PATTERN or [entry["rank"] for entry in entries] != list(range(used)):
        print(f"{SOURCE} is not what tokens.py reads: its pattern or the order of its ranks differ.", file=sys.stderr)
        return 1
    if tokens[:256] != [bytes([value]) for value in range(256)]:
        print(f"{SOURCE} does not begin with the 256 bytes.", file=sys.stderr)
        return 1
    others = tokens[256:]
    TARGET.write_bytes(zlib.compress(bytes(map(len, others)) + b"".join(others), 9))
    print(f"{TARGET}: {len(tokens)} tokens, {TARGET.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
