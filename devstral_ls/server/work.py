"""What a run does when it is its turn: from what was asked to the edits it proposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devstral_ls.agent import agent
from devstral_ls.agent.events import Noticed, RunEnded
from devstral_ls.agent.prompt import PromptContext, user_prompt
from devstral_ls.agent.tasks import TASKS
from devstral_ls.llm.messages import UserMessage
from devstral_ls.server import images
from devstral_ls.server.checks import until_it_passes
from devstral_ls.server.dialogs import Dialogs
from devstral_ls.server.editor import Editor
from devstral_ls.server.execution import Execution
from devstral_ls.server.from_lsp import prompt_context
from devstral_ls.server.outcomes import outcomes
from devstral_ls.server.review import Review
from devstral_ls.server.run import Run
from devstral_ls.server.staging import Aside, propose, restage, texts
from devstral_ls.tools import TOOLS
from devstral_ls.tools.tool import ToolContext

if TYPE_CHECKING:
    from devstral_ls.llm.backend import Backend
    from devstral_ls.server.model import Model
    from devstral_ls.workspace.view import View


@dataclass(frozen=True, slots=True)
class Work:
    """The parts of the server that a run works with."""

    editor: Editor
    model: Model
    review: Review
    dialogs: Dialogs
    execution: Execution

    async def do(self, run: Run) -> None:
        """Raises ForUser when the model can't be asked."""
        run.report.working()
        async with self.model.in_use() as backend:
            self.model.problem = None
            await self._converse(run, backend)

    async def _converse(self, run: Run, backend: Backend) -> None:
        conversation, request = run.conversation, run.request
        view = self.editor.view(run.roots)
        blind = self.model.blind(conversation.session)
        shown = await images.load(request.images, view, blind)
        if blind is None:
            shown += await images.load(request.pasted, view, None)
        elif request.pasted:
            run.report(Noticed(f"What is pasted as a data: URI is left out: {blind}."))
        review = self.review
        await review.judged()
        review.look()
        mine = review.proposals.of_session(conversation.id)
        notes = conversation.tell(outcomes(mine, review.history, review.read))
        notes += restage(review, conversation, view)
        restaged = texts(view)
        if request.prepare is not None:
            request.prepare(view)
        prompt = user_prompt(self._context(run, view, notes))
        commands = self.execution.commands(view.roots, run.report, self.dialogs, conversation.id)
        session = conversation.session
        prose = not TASKS[request.command].edits
        context = ToolContext(view=view, reads=session.reads, commands=commands, blind=blind, prose=prose)
        turns, budget = self.editor.config.agent.max_turns, self.model.budget

        async def ask(message: UserMessage) -> RunEnded:
            return await agent.run(session, message, backend, TOOLS, context, run.report, turns, budget)

        aside, message = Aside(), UserMessage(prompt, shown)
        checking = self.execution.checking(commands, run.report, self.dialogs) if not prose else None
        try:
            run.ended = await until_it_passes(ask, message, view, aside, restaged, checking, run.checked, run.report)
        finally:
            note = run.checked.of(texts(view))
            proposal = propose(review, conversation, view, aside, restaged, note)
            run.proposal_id = proposal.id if proposal is not None else None

    def _context(self, run: Run, view: View, notes: list[str]) -> PromptContext:
        request = run.request
        task = TASKS[request.command]
        instruction = "\n\n".join(part for part in (task.instruction, request.prompt) if part)
        first = run.conversation.session.is_new
        return prompt_context(self.editor, view, request, instruction, notes, first=first)
