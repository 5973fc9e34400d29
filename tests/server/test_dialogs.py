"""The user is asked one question at a time, and a question that can wait makes room."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from devstral_ls.server.dialogs import Dialogs, Withdrawn


class User:
    """Sees one question after the other and answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open: dict[str, asyncio.Future[Any]] = {}
        self.most_open = 0
        self._asked_more = asyncio.Event()

    async def ask(self, method: str, params: Any, *, timeout: float | None = None) -> Any:
        name = params["message"]
        self.asked.append(name)
        self.open[name] = asyncio.get_running_loop().create_future()
        self.most_open = max(self.most_open, len(self.open))
        self._asked_more.set()
        try:
            return await self.open[name]
        finally:
            del self.open[name]

    def answer(self, name: str, title: str | None) -> None:
        self.open[name].set_result({"title": title} if title else None)

    async def sees(self, name: str) -> None:
        async with asyncio.timeout(10):
            while name not in self.open:
                self._asked_more.clear()
                await self._asked_more.wait()


async def test_questions_come_one_after_the_other() -> None:
    user = User()
    dialogs = Dialogs(user)
    first = asyncio.create_task(dialogs.choose("first", ["Yes"]))
    second = asyncio.create_task(dialogs.choose("second", ["Yes"]))
    await user.sees("first")
    user.answer("first", "Yes")
    await user.sees("second")
    user.answer("second", None)
    assert await first == "Yes"
    assert await second is None
    assert user.most_open == 1


async def test_a_review_gives_way_to_a_question_a_run_waits_for() -> None:
    user = User()
    dialogs = Dialogs(user)
    review = asyncio.create_task(dialogs.choose("review", ["Apply"], can_wait=True))
    await user.sees("review")
    approval = asyncio.create_task(dialogs.choose("approval", ["Run"]))
    await user.sees("approval")
    with pytest.raises(Withdrawn):
        await review
    another = asyncio.create_task(dialogs.choose("another review", ["Apply"], can_wait=True))
    user.answer("approval", "Run")
    assert await approval == "Run"
    await user.sees("another review")
    user.answer("another review", "Apply")
    assert await another == "Apply"


async def test_cancelling_who_asks_takes_the_question_back() -> None:
    user = User()
    dialogs = Dialogs(user)
    question = asyncio.create_task(dialogs.choose("question", ["Yes"]))
    await user.sees("question")
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    assert user.open == {}
    after = asyncio.create_task(dialogs.choose("after", ["Yes"]))
    await user.sees("after")
    user.answer("after", "Yes")
    assert await after == "Yes"


async def test_an_answer_that_was_not_offered_is_no_answer() -> None:
    user = User()
    question = asyncio.create_task(Dialogs(user).choose("question", ["Yes"]))
    await user.sees("question")
    user.answer("question", "Something else")
    assert await question is None
