"""Recordings of what a model server sent: complete, private, and the same when decoded again."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from devstral_ls.cli import replay
from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import ModelError
from devstral_ls.llm import record
from devstral_ls.llm.backend import Reply, Request, RequestSent, TextPart
from devstral_ls.llm.messages import ToolSpec, UserMessage
from devstral_ls.llm.openai_backend import OpenAiBackend
from devstral_ls.llm.record import Folder, frames
from devstral_ls.llm.replay import run_case, stream_bytes
from devstral_ls.scripted import Answered, Call, Manner, Script, ScriptedServer, Turn
from devstral_ls.scripted.manners import MANNERS

KEY = 'sk-"very"/secret'
ASK = Request([UserMessage("hi")], (ToolSpec("read_file", "Read a file."),))
WIRE_CASES = json.loads(Path(__file__).with_name("wire_cases.json").read_bytes())["cases"]


def backend_for(url: str, folder: Path, *, api_key: str | None = KEY, **config: Any) -> OpenAiBackend:
    recorder = Folder(folder).recorder(url, api_key, "vllm-0.33.0")
    return OpenAiBackend(url, "devstral-small-2", api_key, LlmConfig(**config), recorder=recorder, first_delay=0.0)


async def recorded(
    turns: Sequence[Turn], folder: Path, *, manner: Manner = "vllm", userinfo: str = "", **options: Any
) -> list[dict[str, Any]]:
    """The cases of one question, after each was decoded again."""
    with ScriptedServer(Script(turns), manner) as server:
        backend = backend_for(server.base_url.replace("//", f"//{userinfo}"), folder, **options)
        try:
            async for _ in backend.stream(ASK):
                pass
        except ModelError:
            pass  # an answer like any other
        finally:
            await backend.aclose()
    return kept_in(folder)


def on_disk(folder: Path) -> str:
    return "".join(file.read_text() for file in folder.iterdir())


def kept_in(folder: Path) -> list[dict[str, Any]]:
    cases = []
    for file in sorted(folder.iterdir()):
        content = json.loads(file.read_bytes())
        assert content["version"] == 1
        cases += content["cases"]
    assert [run_case(case) for case in cases] == [case["expected"] for case in cases]
    return cases


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_streamed_reply_is_kept_as_it_came(manner: Manner, tmp_path: Path) -> None:
    turn = Turn("Reading.", "hm", [Call("read_file", {"path": "é 😀"})])
    (case,) = await recorded([turn], tmp_path, manner=manner)
    assert case["server"] == "vllm-0.33.0"
    assert case["tools"] == ["read_file"]
    assert case["request"]["messages"] == [{"role": "user", "content": "hi"}]
    assert (case["stream"][-1] == "data: [DONE]\n\n") == (manner != "transformers")
    assert any(isinstance(frame, dict) for frame in case["stream"])
    assert case["expected"]["tool_calls"] == [{"name": "read_file", "arguments": {"path": "é 😀"}}]
    read = case["expected"]
    assert read.get("reasoning", "") + read["text"] == "hmReading."


@pytest.mark.parametrize("manner", MANNERS)
async def test_whatever_goes_wrong_the_recording_replays_without_a_difference(manner: Manner, tmp_path: Path) -> None:
    went_wrong = [
        Turn("Reading.", calls=[Call("read_file", '{"path": "a')], cut=True),
        Turn("Reading.", "hm", [Call("read_file", '{"path": "\\d"}')], finish="length"),
        Turn(raw=["event: error\ndata: it broke\n\n"]),
        Turn(raw=['data: {"error": "no "x" here"}\n\n', "data: [DONE]\n\n"]),
        Turn(raw=[":\r\n\r\n", 'data:{"choices":[{"delta":{"content":"a\u2028b"}}]}\r\n\r\n', "data: {"]),
        Turn("[TOOL_CALLS]read_file[ARGS]{} and on"),
        Turn(error=Answered(400, {"error": {"message": "maximum context length is 10 tokens"}})),
    ]
    for number, turn in enumerate(went_wrong):
        await recorded([turn], tmp_path / str(number), manner=manner)
        files = list((tmp_path / str(number)).iterdir())
        assert files
        assert [replay.run([file], as_json=False) for file in files] == [0] * len(files)


async def test_an_http_error_and_the_attempts_after_it_are_kept(tmp_path: Path) -> None:
    error = Turn(error=Answered(503, {"error": {"message": "busy"}}))
    refused, answered = await recorded([error, Turn("Hello.")], tmp_path)
    assert refused["http"] == {"status": 503, "body": '{"error": {"message": "busy"}}'}
    assert refused["expected"] == {"error": {"kind": "server", "retryable": True, "message": "busy"}}
    assert answered["expected"]["text"] == "Hello."


async def test_a_reply_that_was_not_streamed_is_kept(tmp_path: Path) -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "whole"}, "finish_reason": "stop"}]}
    (case,) = await recorded([Turn(error=Answered(200, body))], tmp_path)
    assert case["http"] == {"status": 200, "body": body}
    assert case["expected"]["text"] == "whole"


async def test_a_broken_connection_leaves_what_was_received(tmp_path: Path) -> None:
    (case,) = await recorded([Turn("so far", cut=True)], tmp_path)
    assert (case["expected"]["text"], case["expected"]["finish"]) == ("so far", "incomplete")


async def test_a_cancelled_reply_is_on_disk_at_once(tmp_path: Path) -> None:
    with ScriptedServer(Script([Turn("I am thinking", hang=True)])) as server:
        backend = backend_for(server.base_url, tmp_path)
        reading = asyncio.Event()

        async def read() -> None:
            async with aclosing(backend.stream(ASK)) as parts:
                async for part in parts:
                    if isinstance(part, TextPart):
                        reading.set()

        task = asyncio.create_task(read())
        await reading.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        (case,) = kept_in(tmp_path)
        await backend.aclose()
    assert case["expected"]["text"].startswith("I")


async def test_a_request_without_an_answer_leaves_nothing(tmp_path: Path) -> None:
    assert await recorded([Turn(hang=True)], tmp_path, prompt_timeout=0.05) == []


async def test_no_key_is_kept_wherever_it_stands(tmp_path: Path) -> None:
    userinfo = "me:p%40ss%20w%C3%B6rd@"
    basic = base64.b64encode("me:p@ss wörd".encode()).decode()
    said = f"Key {KEY}, password p@ss wörd or p%40ss%20w%C3%B6rd, header Basic {basic}"
    turns = [
        Turn(error=Answered(503, {"error": {"message": said}})),
        Turn(error=Answered(503, said)),
        Turn(raw=[{"choices": [{"index": 0, "delta": {"content": said}, "finish_reason": "stop"}]}]),
    ]
    cases = await recorded(turns, tmp_path, userinfo=userinfo)
    assert [case["expected"].get("text") for case in cases][-1] == "Key ***, password *** or ***, header Basic ***"
    everything = on_disk(tmp_path)
    for secret in (KEY, json.dumps(KEY)[1:-1], json.dumps(json.dumps(KEY)[1:-1])[1:-1], "p@ss", "p%40ss", basic):
        assert secret not in everything
    assert "authorization" not in everything.lower()


async def test_a_key_spelled_out_over_several_chunks_is_not_kept(tmp_path: Path) -> None:
    pieces = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in ("sk-ve", "ry-sec", "ret-1")]
    (case,) = await recorded([Turn(raw=pieces)], tmp_path, api_key="sk-very-secret-1")
    assert case["stream"] == []
    assert "spelled out" in case["note"]
    assert "ry-sec" not in on_disk(tmp_path)


@pytest.mark.parametrize("place", ["arguments", "reasoning", "error"])
async def test_a_key_in_pieces_is_not_kept_wherever_they_are(place: str, tmp_path: Path) -> None:
    """The arguments are cut off, so that no reply shows them."""

    def chunk(piece: str) -> dict[str, Any]:
        if place == "error":
            return {"error": {"message": piece}}
        call = {"index": 0, "function": {"name": "read_file", "arguments": piece}}
        return {"choices": [{"index": 0, "delta": {"tool_calls": [call]} if place == "arguments" else {place: piece}}]}

    pieces = [chunk(piece) for piece in ('{"path": "sk-ve', "ry-sec", "ret-1")]
    # After an error in the place of a reply the server is asked again.
    case, *again = await recorded([Turn(raw=pieces), Turn("Hi.")], tmp_path, api_key="sk-very-secret-1")
    assert [other["expected"]["text"] for other in again] == (["Hi."] if place == "error" else [])
    assert case["stream"] == []
    assert "ry-sec" not in on_disk(tmp_path)


async def test_a_placeholder_for_a_key_takes_no_letters_out_of_words(tmp_path: Path) -> None:
    (case,) = await recorded([Turn("extra x text")], tmp_path, api_key="x")
    assert case["expected"]["text"] == "extra *** text"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
async def test_only_the_user_can_read_a_recording(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    await recorded([Turn("a")], folder)
    (file,) = folder.iterdir()
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)


async def test_a_long_answer_is_kept_up_to_a_limit(tmp_path: Path) -> None:
    """Two limits' worth of text come through; what is on disk is one."""
    text = "x" * 1_000_000
    pieces = [{"choices": [{"index": 0, "delta": {"content": text}}]}] * (2 * record.LONGEST_ANSWER // len(text))
    with ScriptedServer(Script([Turn(raw=pieces)])) as server:
        backend = backend_for(server.base_url, tmp_path, api_key=None)
        parts = [part async for part in backend.stream(ASK)]
        await backend.aclose()
    assert isinstance(parts[0], RequestSent)
    assert isinstance(parts[-1], Reply)
    assert len(parts[-1].text) == len(pieces) * len(text)
    (case,) = kept_in(tmp_path)
    assert "bytes are kept" in case["note"]
    # What was made of it is on disk as well.
    assert len(on_disk(tmp_path)) < 2.1 * record.LONGEST_ANSWER


def test_the_oldest_recordings_make_room(tmp_path: Path) -> None:
    folder = Folder(tmp_path, most_bytes=1000)
    (tmp_path / "mine.txt").write_text("not a recording")
    for name in ("a", "b", "c"):
        folder.write({"id": name, "content": "x" * 600})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c.json", "mine.txt"]


@pytest.mark.parametrize("case", [case for case in WIRE_CASES if "stream" in case], ids=lambda case: str(case["id"]))
def test_frames_are_the_stream_in_other_words(case: dict[str, Any]) -> None:
    again = case | {"stream": list(frames(stream_bytes(case).decode()))}
    assert run_case(again) == run_case(case)
