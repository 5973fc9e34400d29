"""A tiny model with random weights and the tekken vocabulary, written as a GGUF file.

    python -m tests.engines.gguf_model SEED FILE

Two layers of random weights disturb what the last token alone would lead to. The output leans towards the pairs of
tokens in `sayings`, so that calls, cut-off calls and nonsense come often enough to be worth anything.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
from tiktoken import Encoding

from devstral_ls.llm import tokens
from tests.engines.sayings import sayings
from tests.engines.vocabulary import (
    BEGIN,
    END,
    PADDING,
    SPECIALS,
    UNKNOWN,
    merges,
    pieces,
    special_tokens,
    token_texts,
)

Matrix = npt.NDArray[np.float32]

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 512, 2, 8, 512, 131_072
"""Of the model. WIDTH bounds how many tokens `sayings` may use: each has a direction of its own."""

LEANING = 15.0
"""The logit of a token that has always followed the last one; among all others there are 13 in sum."""
ENDING = 10.5
"""The logit, anywhere, of what ends a reply, a string or an object, so that nonsense does not go on for ever."""
ENDINGS = ("</s>", '"', '"}', "}")
NOISE = 1.0
"""The deviation of every logit, by what came before, for a disturbance of length 1."""
LOOKING, THINKING = 0.6, 0.15
"""How long the disturbance by the two halves of a layer is, beside the last token's own direction of length 1."""


def main(seed: int, file: Path) -> None:
    """Write the model; `file` is there only when it is whole."""
    ranks = tokens.ranks()
    encoding = Encoding("tekken", pat_str=tokens.PATTERN, mergeable_ranks=ranks, special_tokens={})
    random = np.random.default_rng(seed)
    pairs = _pairs(encoding)
    assert len(pairs) < WIDTH * 3 // 4, f"{len(pairs)} tokens are too many for {WIDTH} dimensions"
    axes: Matrix = np.linalg.qr(random.standard_normal((WIDTH - 1, WIDTH - 1)))[0].astype(np.float32)
    own, free = axes[: len(pairs)], axes[len(pairs) :]
    embedding, output = _lexicon(random, pairs, own, free, _ids(ENDINGS, encoding), SPECIALS + len(ranks))
    unfinished = file.with_suffix(".part")
    writer = gguf.GGUFWriter(unfinished, "llama")
    _describe(writer, file.stem, SPECIALS + len(ranks))
    _add_vocabulary(writer, ranks)
    compact = gguf.GGMLQuantizationType.Q8_0
    for name, big in (("token_embd.weight", embedding), ("output.weight", output)):
        writer.add_tensor(name, gguf.quantize(big, compact), raw_dtype=compact)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for number in range(LAYERS):
        for name, weights in _layer(random, free).items():
            writer.add_tensor(f"blk.{number}.{name}.weight", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.rename(file)


def _pairs(encoding: Encoding) -> dict[int, Counter[int]]:
    """Token -> what comes after it, and how often."""
    found: dict[int, Counter[int]] = {}
    for text, weight in sayings():
        said = pieces(text, encoding)
        for one, following in pairwise(said):
            found.setdefault(one, Counter())[following] += weight  # type: ignore[assignment]
    return found


def _ids(texts: tuple[str, ...], encoding: Encoding) -> list[int]:
    return [number for text in texts for number in pieces(text, encoding)]


def _lexicon(
    random: np.random.Generator,
    pairs: Mapping[int, Counter[int]],
    own: Matrix,
    free: Matrix,
    endings: list[int],
    size: int,
) -> tuple[Matrix, Matrix]:
    """Embedding and output.

    An embedding is 1 in the first dimension and has a direction in the others, which for each token of `pairs` is one
    of `own`, at right angles to all others. The layers write into `free` alone, so that nothing but noise comes of it.
    """
    directions = random.standard_normal((size, WIDTH - 1)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions[list(pairs)] = own
    embedding = np.concatenate([np.ones((size, 1), np.float32), directions], axis=1)
    output = np.zeros((size, WIDTH), np.float32)
    output[:, 1:] = (random.standard_normal((size, len(free))) * NOISE).astype(np.float32) @ free
    output[endings, 0] = ENDING
    for one, followers in pairs.items():
        total = sum(followers.values())
        for following, weight in followers.items():
            output[following, 1:] += (LEANING + np.log(weight / total)) * directions[one]
    # What comes out of the last norm is that much longer than an embedding.
    return embedding, output / np.sqrt(WIDTH / (2 + LAYERS * (LOOKING**2 + THINKING**2))).astype(np.float32)


def _layer(random: np.random.Generator, free: Matrix) -> dict[str, Matrix]:
    def weights(rows: int, columns: int, scale: float) -> Matrix:
        made: Matrix = (random.standard_normal((rows, columns)) * scale / np.sqrt(columns)).astype(np.float32)
        return made

    def added(columns: int, scale: float) -> Matrix:
        # What comes in is as long as a normalised vector; what goes out is to have the length `scale`.
        made = np.zeros((WIDTH, columns), np.float32)
        made[1:] = free.T @ weights(len(free), columns, scale / np.sqrt(len(free)))
        return made

    return {
        "attn_norm": np.ones(WIDTH, np.float32),
        # Twice as large as usual: each head then looks at few tokens, and what they are makes a difference.
        "attn_q": weights(WIDTH, WIDTH, 2.0),
        "attn_k": weights(WIDTH, WIDTH, 2.0),
        "attn_v": weights(WIDTH, WIDTH, 1.0),
        "attn_output": added(WIDTH, LOOKING),
        "ffn_norm": np.ones(WIDTH, np.float32),
        "ffn_gate": weights(INNER, WIDTH, 1.0),
        "ffn_up": weights(INNER, WIDTH, 1.0),
        "ffn_down": added(INNER, THINKING),
    }


def _describe(writer: Any, name: str, size: int) -> None:
    writer.add_name(name)
    writer.add_vocab_size(size)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_chat_template(Path(__file__).with_name("chat_template.jinja").read_text())


def _add_vocabulary(writer: Any, ranks: Mapping[bytes, int]) -> None:
    kinds = gguf.TokenType
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("tekken")
    writer.add_token_list([*special_tokens(), *token_texts(ranks)])
    writer.add_token_types([kinds.CONTROL] * SPECIALS + [kinds.NORMAL] * len(ranks))
    writer.add_token_merges(list(merges(ranks)))
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_pad_token_id(PADDING)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
