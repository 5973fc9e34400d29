"""Images that tools show, and servers that take none."""

from __future__ import annotations

import asyncio

import pytest

from devstral_ls.agent.budget import Budget
from devstral_ls.agent.pictures import UNSEEN
from devstral_ls.errors import ImagesRefused
from devstral_ls.llm.backend import Reply
from devstral_ls.llm.canonical import to_wire
from devstral_ls.llm.messages import ToolMessage, UserMessage
from devstral_ls.llm.picture import from_uri
from devstral_ls.llm.profiles import DEVSTRAL_SMALL_2
from tests.agent.doubles import Fail, Hang, ScriptedBackend, call, calling
from tests.agent.stage import Stage
from tests.llm.pictures import image, png

REFUSED = Fail(ImagesRefused("The server takes no images with the model. It says: you may need the mmproj"))


@pytest.fixture(autouse=True)
def files(stage: Stage) -> None:
    root = stage.view.roots[0]
    (root / "logo.png").write_bytes(png(120, 80))
    (root / "big.webp").write_bytes(image(3080, 20, "WEBP"))
    stage.budget = Budget(DEVSTRAL_SMALL_2, 8192)


def look(name: str = "logo.png") -> Reply:
    return calling(call("read_file", file_path=name))


async def test_an_image_that_a_tool_shows_follows_in_a_message_of_the_users(stage: Stage) -> None:
    both = calling(call("read_file", file_path="logo.png"), call("read_file", file_path="a.py"))
    await stage.run(both, Reply("A logo."))
    assert stage.results() == ["[logo.png: PNG image, 120x80; you see it below]", "     1\tone\n     2\ttwo"]
    last = stage.backend.asked[1][-1]
    assert isinstance(last, UserMessage)
    assert [from_uri(uri).width for uri in last.images] == [120]
    *_, result, bridge, shown = to_wire(stage.backend.asked[1])
    assert (result["role"], bridge["role"], shown["role"]) == ("tool", "assistant", "user")
    assert shown["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")
    stage.check_conversation()


async def test_a_large_image_is_shown_at_the_size_that_models_see(stage: Stage) -> None:
    await stage.run(look("big.webp"), Reply("Red."))
    assert stage.results() == ["[big.webp: WEBP image, 3080x20; you see it below]"]
    last = stage.backend.asked[1][-1]
    assert isinstance(last, UserMessage)
    shown = from_uri(last.images[0])
    assert (shown.kind, shown.width, shown.height) == ("png", 1540, 10)


async def test_a_model_without_vision_is_told_so(stage: Stage) -> None:
    stage.blind = "the model devstral-small-2507 can't see images"
    await stage.run(look(), Reply("Pity."))
    assert stage.results() == [
        "logo.png is an image, and the model devstral-small-2507 can't see images. "
        "Go on without it, or ask the user what it shows."
    ]


async def test_a_broken_image_is_said_to_the_model(stage: Stage) -> None:
    root = stage.view.roots[0]
    (root / "text.png").write_bytes(b"no image")
    (root / "huge.png").write_bytes(bytes(21 << 20))
    await stage.run(look("text.png"), look("huge.png"), look("none.png"), Reply("I see."))
    assert stage.results()[0] == "text.png is no PNG, JPEG, GIF or WebP image. Leave it as it is."
    assert stage.results()[1].startswith("huge.png is 21.0 MiB, more than can be read (20)")
    assert stage.results()[2].startswith("none.png does not exist.")


async def test_when_the_server_takes_no_images_the_run_goes_on_without_them(stage: Stage) -> None:
    ended = await stage.run(look(), REFUSED, look(), Reply("Without it, then."))
    assert ended.text == "Without it, then."
    assert stage.notices() == [f"{REFUSED.error} Going on without the image."]
    assert UNSEEN in stage.said()[-1]
    assert stage.results()[1].startswith("logo.png is an image, and the model scripted can't see images.")
    assert stage.session.blind_model == "scripted"
    stage.check_conversation()


async def test_the_users_own_image_is_dropped_in_the_same_way(stage: Stage) -> None:
    task = UserMessage("What is it?", ("data:image/png;base64,AAAA",))
    ended = await stage.run(REFUSED, Reply("I can't see it."), prompt=task)
    assert ended.text == "I can't see it."
    assert stage.said() == [f"What is it?\n{UNSEEN}"]


async def test_a_refusal_of_images_where_there_are_none_ends_the_run(stage: Stage) -> None:
    with pytest.raises(ImagesRefused):
        await stage.run(REFUSED)


async def test_when_cancelled_the_images_read_so_far_follow_the_results(stage: Stage) -> None:
    stage.backend = ScriptedBackend([look(), Hang("Hm")])
    run = asyncio.create_task(stage.start())
    await stage.backend.hanging.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    kinds = [type(message) for message in stage.session.messages[-3:-1]]
    assert kinds[0] is ToolMessage
    stage.check_conversation()
