from __future__ import annotations

import asyncio
import threading

import pytest

from devstral_ls.workspace.tasks import both, in_thread, together


async def test_results_come_in_order() -> None:
    assert await together(asyncio.sleep(0, "a"), asyncio.sleep(0, "b")) == ["a", "b"]


async def test_the_first_failure_ends_the_others() -> None:
    ended = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        await together(waits(), fails())
    assert ended.is_set()


async def test_a_failure_of_one_waits_for_the_other() -> None:
    ended = asyncio.Event()

    async def goes_on() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        ended.set()

    async def fails() -> int:
        raise ValueError("at once")

    with pytest.raises(ValueError, match="at once"):
        await both(fails(), goes_on())
    assert ended.is_set()
    assert await both(asyncio.sleep(0, "a"), asyncio.sleep(0, 1)) == ("a", 1)


async def test_a_cancelled_waiter_takes_both_along() -> None:
    ended: list[str] = []

    async def waits(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    task = asyncio.create_task(both(waits("a"), waits("b")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == ["a", "b"]


async def test_a_thread_is_waited_for_even_by_a_cancelled_waiter() -> None:
    started, go, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        go.wait()
        done.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(started.wait)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
