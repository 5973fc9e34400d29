"""One session on one workspace, and what was reported in it."""

from __future__ import annotations

from collections.abc import Sequence

from devstral_ls.agent import agent
from devstral_ls.agent.budget import Budget
from devstral_ls.agent.events import Event, Noticed, RunEnded
from devstral_ls.agent.session import Session
from devstral_ls.llm.messages import AssistantMessage, Message, ToolMessage, UserMessage
from devstral_ls.tools import TOOLS
from devstral_ls.tools.commands import Commands
from devstral_ls.tools.tool import Tool, ToolContext
from devstral_ls.workspace.view import View
from tests.agent.doubles import ScriptedBackend, Turn


class Stage:
    def __init__(self, view: View) -> None:
        self.view = view
        self.session = Session.new()
        self.events: list[Event] = []
        self.backend = ScriptedBackend([])
        self.commands: Commands | None = None
        self.budget: Budget | None = None
        self.blind: str | None = None

    async def run(
        self, *turns: Turn, prompt: str | UserMessage = "Do it.", max_turns: int = 20, tools: Sequence[Tool] = TOOLS
    ) -> RunEnded:
        self.backend = ScriptedBackend(list(turns))
        return await self.start(prompt, max_turns, tools)

    async def start(
        self, prompt: str | UserMessage = "Do it.", max_turns: int = 20, tools: Sequence[Tool] = TOOLS
    ) -> RunEnded:
        context = ToolContext(self.view, self.session.reads, self.commands, self.blind)
        asked = UserMessage(prompt) if isinstance(prompt, str) else prompt
        return await agent.run(
            self.session, asked, self.backend, tools, context, self.events.append, max_turns, self.budget
        )

    def results(self) -> list[str]:
        """What the model read from tools, in order."""
        return [message.text for message in self.session.messages if isinstance(message, ToolMessage)]

    def said(self) -> list[str]:
        """What the user, or the loop in the user's place, said."""
        return [message.text for message in self.session.messages if isinstance(message, UserMessage)]

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noticed)]

    def staged(self, name: str) -> str:
        return self.view.read(self.view.resolve(name)).text

    def check_conversation(self) -> None:
        check_conversation(self.session.messages)


def check_conversation(messages: Sequence[Message]) -> None:
    """Every call is answered right after its reply, in order, and no assistant message is empty."""
    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage):
            assert message.text.strip() or message.calls
            answers = messages[index + 1 : index + 1 + len(message.calls)]
            assert [answer.call_id for answer in answers if isinstance(answer, ToolMessage)] == [
                call.id for call in message.calls
            ]
    calls = sum(len(message.calls) for message in messages if isinstance(message, AssistantMessage))
    assert calls == sum(isinstance(message, ToolMessage) for message in messages)
