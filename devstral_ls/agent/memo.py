"""What stands for the beginning of a conversation that was too long: the user's words, a summary, what is staged."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from devstral_ls.agent.guards import NUDGES
from devstral_ls.llm.messages import AssistantMessage, Message, ToolCall, UserMessage

SUMMARISE = """\
The conversation is too long for your context window and is about to be shortened. Write the notes you need to go on \
with the work without it. Do not call tools, and do not go on with the work now. Write down, briefly and exactly:
- what was asked for and what is still to be done,
- what you found out: files, line numbers, names, causes, decisions and their reasons,
- what you changed, and what came of tests and commands,
- what was tried and did not work.
The user's own words are kept besides; do not repeat them."""

DIGEST_CALLS = 40
DIGEST_TEXT = 2000
"""How many calls, and how many characters of the last answer, stand for a summary that could not be had."""

_EDITOR = re.compile(r"<editor>\n.*?\n</editor>\n\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Memo(UserMessage):
    """In place of the conversation's beginning. words: what the user said in it, oldest first."""

    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aside(UserMessage):
    """In the user's place, since servers take images only there; not the user's words."""


def is_users(message: Message) -> bool:
    """Whether the user said this."""
    return isinstance(message, UserMessage) and not isinstance(message, Memo | Aside) and message.text not in NUDGES


def newest(messages: Sequence[Message]) -> UserMessage | None:
    """What the user said last, which is the task; a memo may stand for it."""
    for message in reversed(messages):
        if isinstance(message, UserMessage) and (is_users(message) or isinstance(message, Memo)):
            return message
    return None


def users_words(messages: Sequence[Message]) -> tuple[str, ...]:
    """Everything the user said, word for word; of older messages without what the editor knew at the time."""
    words: list[str] = []
    task = newest(messages)
    for message in messages:
        if isinstance(message, Memo):
            words += message.words
        elif isinstance(message, UserMessage) and is_users(message):
            words.append(message.text if message is task else _EDITOR.sub("", message.text, count=1))
    return tuple(words)


def memo(words: Sequence[str], summary: str, staged: str, images: tuple[str, ...] = ()) -> Memo:
    """staged: the edits that are not applied yet, "" for none."""
    parts = ["The beginning of this conversation was left out, since it did not fit into your context window."]
    if words:
        said = "\n".join(f"<user>\n{text}\n</user>" for text in words)
        parts.append(f"What the user said in it, word for word, oldest first:\n{said}")
    parts.append(f"Your notes about it:\n{summary}")
    if staged:
        parts.append(f"Your edits so far, staged and not yet applied; every tool sees them:\n{staged}")
    return Memo("<earlier>\n" + "\n\n".join(parts) + "\n</earlier>", images, tuple(words))


def digest(messages: Sequence[Message]) -> str:
    """What was done, by the calls that were made: instead of a summary, when the model gave none."""
    calls = [call for message in messages if isinstance(message, AssistantMessage) for call in message.calls]
    lines = [f"- {describe(call, 120)}" for call in calls[-DIGEST_CALLS:]]
    if len(calls) > DIGEST_CALLS:
        lines.insert(0, f"- ({len(calls) - DIGEST_CALLS} earlier calls)")
    said = [message.text for message in messages if isinstance(message, AssistantMessage) and message.text.strip()]
    earlier = [message.text for message in messages if isinstance(message, Memo)]
    last = [f"You last said: {said[-1][:DIGEST_TEXT]}"] if said else []
    done = ["You made these calls:", *lines] if lines else []
    return "\n".join([*(text[:DIGEST_TEXT] for text in earlier), *done, *last]) or "(none)"


def describe(call: ToolCall, limit: int = 200) -> str:
    """A call in one line: its name and arguments, shortened."""
    arguments = json.dumps(dict(call.arguments or {}), ensure_ascii=False)
    return f"{call.name} {arguments if len(arguments) <= limit else arguments[:limit] + '…'}"
