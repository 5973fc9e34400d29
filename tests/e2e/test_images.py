"""Images from the editor to the model."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.doubles.editor import NEOVIM
from tests.e2e.stage import Stages, say
from tests.llm.pictures import png

pytestmark = pytest.mark.asyncio(loop_scope="session")

URI = "data:image/png;base64," + base64.b64encode(png(40, 30)).decode()
VISION = {"llm": {"model": "devstral-small-2"}}


def images(request: dict[str, Any]) -> list[str]:
    """The images in the last message of a question to the model."""
    content = request["messages"][-1]["content"]
    return [part["image_url"]["url"] for part in content if part["type"] == "image_url"]


async def test_images_reach_the_model_from_every_place_they_can_be(stages: Stages) -> None:
    async with stages.on(NEOVIM, {"a b.png": png(3080, 10)}, [say("Red.")], settings=VISION) as at:
        given = [URI, at.uri("a b.png"), "a b.png"]
        answer = await at.run(prompt=f"Compare {URI} with the others.", images=given)
        assert (answer["state"], answer["text"]) == ("finished", "Red.")
        sent = images(at.model.requests[0])
        assert [sent[0], sent[3]] == [URI, URI]
        assert sent[1] == sent[2]
        assert len(sent[1]) < len(base64.b64encode(png(3080, 10)))
        assert at.prompts()[0].endswith("Compare [image 4] with the others.")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("data:image/png,xyz", "is a data: URI without base64 data."),
        ("data:image/png;base64,a$b", "has broken base64 data."),
        ("data:text/plain;base64,aGVsbG8=", "is no PNG, JPEG, GIF or WebP image."),
    ],
)
async def test_a_malformed_data_uri_is_refused_at_once(stages: Stages, image: str, message: str) -> None:
    async with stages.on(NEOVIM, {}, []) as at:
        params = {"command": "devstral.ask", "arguments": [{"prompt": "what", "images": [image]}]}
        answer = await at.editor.server.answer(at.editor.server.ask("workspace/executeCommand", params))
        assert answer["error"] == {"code": -32602, "message": f"devstral.ask: the image {image} {message}"}


@pytest.mark.parametrize("name", ["none.png", "../outside.png", "app.py"])
async def test_a_file_that_can_not_be_shown_ends_the_run_with_one_line(stages: Stages, name: str) -> None:
    async with stages.on(NEOVIM, {"app.py": "x\n"}, [], settings=VISION) as at:
        answer = await at.run(prompt="what", images=[name])
        assert answer["state"] == "failed"
        assert answer["message"].startswith(f"The image {name} ")
        assert "\n" not in answer["message"]


async def test_a_model_without_vision_refuses_images_and_leaves_out_what_is_pasted(stages: Stages) -> None:
    blind = {"llm": {"profile": "devstral-2"}}
    async with stages.on(NEOVIM, {}, [say("I can't see it.")], settings=blind) as at:
        refused = await at.run(prompt="what", images=[URI])
        assert refused["state"] == "failed"
        assert "can't see images" in refused["message"]
        answer = await at.run(prompt=f'What is <img src="{URI}">?')
        assert answer["text"] == "I can't see it."
        assert at.prompts()[0].endswith('What is <img src="[image 1]">?')
        assert any("What is pasted as a data: URI is left out" in line for line in at.editor.log)
