"""The conversation only grows: what was sent once is sent again byte for byte, so that a prefix cache serves it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from devstral_ls.scripted import Manner
from tests.doubles.editor import NEOVIM
from tests.e2e.stage import Stages, calls, command, edit, read, say, write

pytestmark = pytest.mark.asyncio(loop_scope="session")


def member(body: bytes, name: str) -> bytes:
    """The exact bytes of a member's value in a JSON object."""
    text = body.decode()
    start = text.index(f'"{name}":') + len(name) + 3
    while text[start].isspace():
        start += 1
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end].encode()


@pytest.mark.parametrize("manner", ["vllm", "ollama", "llama.cpp", "mistral"])
async def test_every_request_begins_with_the_bytes_of_the_one_before(stages: Stages, manner: Manner) -> None:
    turns = [
        {**calls(read("a.py"), read("ü.py")), "text": "Ich sehe nach… 😀\u2028", "reasoning": "Hm.\n"},
        edit("a.py", "one", "two"),
        {"calls": [{"name": "read_file", "arguments": '{"file_path": "a.py",}'}]},
        calls(write("b.py", "x = '\\\\n\t\"'\n"), command("printf '\\033[31mred\\n'")),
        say("Done."),
        read("a.py"),
        say("Still two."),
        say("And a new session."),
    ]
    files = {"a.py": "one\r\n", "ü.py": "# 😀\n", "AGENTS.md": "Be brief.\n"}
    settings = {"llm": {"apiKey": "sk-any"}} if manner == "mistral" else {}
    async with stages.on(NEOVIM, files, turns, manner=manner, settings=settings) as at:
        uri = at.open("a.py")
        await at.run(prompt="first", textDocument={"uri": uri})
        at.editor.type(uri, "two\r\nthree\r\n")
        await at.run(prompt="second", textDocument={"uri": uri})
        await at.editor.command("devstral.newSession")
        await at.run(prompt="third")
        bodies = at.wire.bodies
        assert len(bodies) == len(turns)
        conversations = [member(body, "messages") for body in bodies]
        for before, after in pairwise(conversations[:-1]):
            assert after.startswith(before[:-1] + b",")
        assert len({member(body, "tools") for body in bodies}) == 1
        # A prefix cache sees a rendered prompt, to which the order of the members is nothing; but it costs nothing.
        assert len({tuple(json.loads(body)) for body in bodies}) == 1
        systems = {
            conversation[: json.JSONDecoder().raw_decode(conversation.decode(), 1)[1]] for conversation in conversations
        }
        assert len(systems) == 1
        assert str(at.folder).encode() not in systems.pop()
