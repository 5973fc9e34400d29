"""The runs now going on: start, queue, cancel, and what comes of them.

A run belongs to a session and works in one workspace folder. Runs that may edit take turns in their folder; every run
has a task of its own, so that the command that started it can be answered at once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devstral_ls.agent.tasks import TASKS
from devstral_ls.errors import ForUser, ServerUnreachable
from devstral_ls.server.report import Report
from devstral_ls.server.run import Run, RunRequest
from devstral_ls.server.sessions import Conversation, Sessions
from devstral_ls.server.work import Work

if TYPE_CHECKING:
    from devstral_ls.config import EditsMode
    from devstral_ls.server.proposals import Proposal

log = logging.getLogger(__name__)

READERS = 4
"""How many runs that don't edit may go on at once."""


class Runs:
    """Starts runs and knows which go on."""

    def __init__(self, sessions: Sessions, work: Work, ready: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """ready: what every run waits for."""
        self._sessions = sessions
        self._work = work
        self._editor = work.editor
        self._model = work.model
        self._review = work.review
        self._ready = ready
        self._going: list[Run] = []
        self._reviews: set[asyncio.Task[None]] = set()
        self._folders: dict[Path, asyncio.Lock] = {}
        self._talks: dict[str, asyncio.Lock] = {}
        self._readers = asyncio.Semaphore(READERS)
        self.on_busy: Callable[[], None] = _ignore

    def start(
        self, request: RunRequest, session_id: str | None, make_report: Callable[[Conversation], Report], *, wait: bool
    ) -> Run:
        """Begin a run in the background. wait: the caller awaits `task`, which then includes the review."""
        roots = self._editor.roots(request.target)
        conversation = self._sessions.of_run(session_id, continues=TASKS[request.command].continues)
        run = Run(secrets.token_hex(4), request, conversation, roots, make_report(conversation))
        self._going.append(run)
        run.task = asyncio.get_running_loop().create_task(self._live(run, wait), name=f"run {run.id}")
        self.on_busy()
        return run

    def going(self) -> list[Run]:
        return list(self._going)

    def cancel(self, session_id: str | None = None) -> list[Run]:
        """Cancel the session's runs, or all; those that were going on."""
        return self._cancel(lambda run: session_id is None or run.conversation.id == session_id)

    def cancel_token(self, token: str | int) -> list[Run]:
        """Cancel the run shown under this progress token."""
        return self._cancel(lambda run: run.report.progress.token == token)

    def cancel_folder(self, folder: Path) -> list[Run]:
        """Cancel the runs that work in a folder which is no longer part of the workspace."""
        return self._cancel(lambda run: run.roots[0] == folder)

    async def close(self) -> None:
        """Cancel everything and wait until it has ended."""
        tasks = [run.task for run in self.cancel() if run.task is not None]
        for review in self._reviews:
            review.cancel()
        await asyncio.gather(*tasks, *self._reviews, return_exceptions=True)

    def _cancel(self, matches: Callable[[Run], bool]) -> list[Run]:
        found = [run for run in self._going if not run.over and matches(run)]
        for run in found:
            if run.task is not None:
                # Soon, not now: a task that never took its first step would not end its progress either.
                asyncio.get_running_loop().call_soon(run.task.cancel)
        return found

    async def _live(self, run: Run, wait: bool) -> None:
        """The whole life of a run. Never raises: what happened is in the run."""
        run.report.begin(run.request.title)
        async with AsyncExitStack() as turn:
            try:
                await self._ready()
                await self._wait_turn(run, turn)
                run.state = "running"
                await self._work.do(run)
                run.state = "finished"
            except asyncio.CancelledError:
                run.state = "cancelled"
            except ForUser as error:
                run.state, run.message = "failed", str(error)
                if isinstance(error, ServerUnreachable):
                    self._model.problem = str(error)
                    await self._model.forget()
            except Exception as error:
                log.exception("run %s failed", run.id)
                run.state = "failed"
                run.message = (
                    f"Devstral stopped on an internal error ({type(error).__name__}); the server's log has it."
                )
            finally:
                self._end(run)
            # Within its turn: the next run in this folder is to see the text with the edits. What is left for the user
            # to confirm keeps no other run waiting.
            if self._mode(run) == "auto" and not await self._apply_unasked(run):
                return
        await self._decide(run, wait)

    def _mode(self, run: Run) -> EditsMode:
        mode = run.request.mode or self._editor.config.edits.mode
        # What a check did not pass, nobody wanted applied unseen.
        return "review" if mode == "auto" and not run.checked.passed else mode

    def _end(self, run: Run) -> None:
        self._going.remove(run)
        proposal = self._review.proposals.get(run.proposal_id) if run.proposal_id else None
        run.report.end(run.state, run.message, run.ended, proposal)
        self.on_busy()

    async def _apply_unasked(self, run: Run) -> bool:
        """Apply what a finished run proposes, as far as that needs no word; whether that came to its end."""
        proposal = self._proposed(run)
        if proposal is None:
            return True

        async def apply() -> None:
            run.applied = await self._review.apply_unasked(proposal)

        return await self._ended(self._reviewing(apply(), proposal))

    async def _decide(self, run: Run, wait: bool) -> None:
        """Take a finished run's proposal to the user; a cancelled or failed one's just stays pending."""
        proposal = self._proposed(run)
        if proposal is None:
            return

        async def present() -> None:
            run.applied = run.applied.and_then(await self._review.present(proposal, self._mode(run)))
            run.report.decided(run.applied, self._review.proposals.get(proposal.id) or proposal)

        review = self._reviewing(present(), proposal)
        if wait:
            await self._ended(review)

    def _proposed(self, run: Run) -> Proposal | None:
        """What a finished run proposes, as it is now."""
        proposal = self._review.proposals.get(run.proposal_id) if run.proposal_id else None
        return proposal if run.state == "finished" else None

    def _reviewing(self, work: Coroutine[Any, Any, None], proposal: Proposal) -> asyncio.Task[None]:
        review = asyncio.get_running_loop().create_task(work, name=f"review {proposal.id}")
        self._reviews.add(review)
        review.add_done_callback(self._review_done)
        return review

    async def _ended(self, review: asyncio.Task[None]) -> bool:
        """Wait for it; whether it was neither cancelled nor failed."""
        try:
            await asyncio.wait({review})
        except asyncio.CancelledError:
            review.cancel()
            await asyncio.wait({review})
        return not review.cancelled() and review.exception() is None

    def _review_done(self, review: asyncio.Task[None]) -> None:
        self._reviews.discard(review)
        if not review.cancelled() and (error := review.exception()) is not None:
            log.error("a review failed", exc_info=error)

    async def _wait_turn(self, run: Run, turn: AsyncExitStack) -> None:
        """A session has one run at a time, a folder one that may edit."""
        talk = self._talks.setdefault(run.conversation.id, asyncio.Lock())
        if talk.locked():
            run.report.waiting("waiting for this session's other run")
        await turn.enter_async_context(talk)
        if TASKS[run.request.command].edits:
            folder = self._folders.setdefault(run.roots[0], asyncio.Lock())
            if folder.locked():
                run.report.waiting(f"waiting for another run in {run.roots[0].name}")
            await turn.enter_async_context(folder)
        else:
            if self._readers.locked():
                run.report.waiting("waiting for other runs")
            await turn.enter_async_context(self._readers)


def _ignore() -> None:
    """Until the server listens, nobody does."""
