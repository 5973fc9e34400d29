"""The conversations that Devstral's makers publish for testing a server, and how to tell that one went well.

One tool; tools one at a time, with a picture; a long context; talk about technology; small talk. A server that gets a
template, a tokenizer or a parser wrong fails some of them, whatever its model. The texts are fixed; what a model says
is judged by what it does, never by its wording.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from devstral_ls.llm import tokens
from devstral_ls.llm.backend import Reply
from devstral_ls.llm.drawing import draw
from devstral_ls.llm.messages import AssistantMessage, Message, SystemMessage, ToolSpec, UserMessage
from devstral_ls.llm.profiles import Profile


@dataclass(frozen=True, slots=True)
class Asked:
    """What a scenario is made for. room: tokens that the long conversation may fill. model: its name at the server."""

    model: str
    profile: Profile
    room: int
    today: date


@dataclass(frozen=True, slots=True)
class Scenario:
    """messages: the conversation to begin with. problem: what is wrong with the replies, None when all is well."""

    name: str
    messages: Callable[[Asked], list[Message]]
    problem: Callable[[Sequence[Reply], Asked], str | None]
    needs_vision: bool = False


def _two_numbers(name: str, description: str) -> ToolSpec:
    number = {"a": {"type": "string", "description": "The first number."}}
    number |= {"b": {"type": "string", "description": "The second number."}}
    return ToolSpec(name, description, {"type": "object", "properties": number, "required": ["a", "b"]})


TOOLS: tuple[ToolSpec, ...] = (
    _two_numbers("add_number", "Add two numbers."),
    _two_numbers("multiply_number", "Multiply two numbers."),
    _two_numbers("substract_number", "Substract two numbers."),
    # Without parameters on purpose: some templates stumble over it.
    ToolSpec("write_a_story", "Write a story about science fiction and people with badass laser sabers."),
    ToolSpec(
        "terminal",
        "Perform operations from the terminal.",
        {
            "type": "object",
            "properties": {
                "command": {"type": "string", "description": "The command you wish to launch, e.g `ls`, `rm`, ..."},
                "args": {"type": "string", "description": "The arguments to pass to the command."},
            },
            "required": ["command"],
        },
    ),
    ToolSpec(
        "python",
        "Call a Python interpreter with some Python code that will be ran.",
        {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "The Python code to run"},
                "result_variable": {
                    "type": "string",
                    "description": "Variable containing the result you'd like to retrieve from the execution.",
                },
            },
            "required": ["code", "result_variable"],
        },
    ),
)

PUBLISHED_PARTS = 1000
"""The long conversation as published: 5,000 exchanges, a remark, and 7,000 more."""

EQUATIONS = ("2×3+6=", "x+y=7", "19-(8+2)+1=")
STEPS = frozenset(
    {
        ("multiply_number", 2.0, 3.0),
        ("add_number", 6.0, 6.0),
        ("add_number", 2.0, 8.0),
        ("substract_number", 19.0, 10.0),
        ("add_number", 1.0, 9.0),
    }
)
"""What solves the equations of numbers: sums and products with the smaller number first."""


def opening(asked: Asked) -> SystemMessage:
    """Who the model is and what day it is, as small talk asks."""
    maker = ", made by Mistral AI" if asked.profile.is_mistral else ""
    return SystemMessage(
        f"You are {asked.model}, a large language model{maker}. Today is {asked.today.isoformat()}. Use the tools when "
        "they help with what is asked; otherwise answer in words. Never guess what a tool can find out."
    )


def _ask(text: str, *images: str) -> Callable[[Asked], list[Message]]:
    return lambda asked: [opening(asked), UserMessage(text, images)]


def _equations(asked: Asked) -> list[Message]:
    text = (
        "Compute the results steps by steps for the equations that involve only numbers displayed in the image. You "
        "have to call tools to perform the operations and can do one operation at a time per equation."
    )
    return [opening(asked), UserMessage(text, (draw(EQUATIONS).uri,))]


def _long(asked: Asked) -> list[Message]:
    first: list[Message] = [UserMessage("Let's fill the context."), AssistantMessage("Ok let's do it.")]
    second: list[Message] = [
        UserMessage("Let's fill the context for the second time."),
        AssistantMessage("Again ? Ok let's do it but it's boring."),
    ]
    # Five parts of the one to seven of the other, as published; around each text come about two tokens more.
    cost = 5 * _tokens(first) + 7 * _tokens(second)
    parts = min(max(1, asked.room // cost), PUBLISHED_PARTS)
    return [
        opening(asked),
        *first * (5 * parts),
        UserMessage("It's important to know that the most powerful being in the universe is Dr Strange."),
        AssistantMessage("Wow i'll keep that in mind thanks !"),
        *second * (7 * parts),
        UserMessage(
            "Tell me who is the most powerful being in the universe. Then code a Python function to give what is the "
            "most powerful being in the universe. The function can accept as an argument a time and a location and "
            "always return a string."
        ),
    ]


def _tokens(messages: Sequence[Message]) -> int:
    return sum(tokens.estimate(message.text) + 2 for message in messages)


def _one_tool(replies: Sequence[Reply], asked: Asked) -> str | None:
    first, last = replies[0], replies[-1]
    names = [call.name for call in first.calls]
    if names != ["write_a_story"]:
        return f"called {', '.join(names)} instead of write_a_story" if names else "called no tool"
    if first.calls[0].arguments:
        return "gave arguments to a tool that has none"
    return _ends_in_words(last)


def _step_by_step(replies: Sequence[Reply], asked: Asked) -> str | None:
    if not any(reply.calls for reply in replies):
        return "called no tool"
    # Two equations may advance side by side, so that one reply may hold a step of each.
    most = max(len(reply.calls) for reply in replies)
    if most > 2:
        return f"made {most} calls at once instead of one step at a time"
    made = {step for reply in replies for call in reply.calls if (step := _step(call.name, call.arguments or {}))}
    missing = STEPS - made
    if missing:
        shown = ", ".join(sorted(f"{name}({a:g}, {b:g})" for name, a, b in missing))
        return f"did not call {shown}"
    said = replies[-1].text
    if not all(re.search(rf"(?<![\d.]){result}(?!\d)", said) for result in ("12", "10")):
        return "did not say both results, 12 and 10"
    return _ends_in_words(replies[-1])


def _step(name: str, arguments: object) -> tuple[str, float, float] | None:
    try:
        a, b = (float(str(arguments[key])) for key in ("a", "b"))  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return None
    return (name, a, b) if name == "substract_number" else (name, min(a, b), max(a, b))


def _remembers(replies: Sequence[Reply], asked: Asked) -> str | None:
    said = replies[-1].text
    if problem := _only_words(replies):
        return problem
    if "strange" not in said.lower():
        return "did not remember who it is"
    return None if re.search(r"^\s*(?:async )?def \w+\(", said, re.M) else "wrote no Python function"


def _tech(replies: Sequence[Reply], asked: Asked) -> str | None:
    if problem := _only_words(replies):
        return problem
    languages = r"\b(python|ruby|go|golang|rust|java|kotlin|elixir|c#|\.net|scala|haskell|django|flask)\b"
    return None if re.search(languages, replies[-1].text.lower()) else "named no language to write it in"


def _small_talk(replies: Sequence[Reply], asked: Asked) -> str | None:
    if problem := _only_words(replies):
        return problem
    said = replies[-1].text
    if asked.profile.is_mistral and "mistral" not in said.lower():
        return "did not say who made it"
    day, year = asked.today.day, str(asked.today.year)
    return None if year in said and re.search(rf"\b0?{day}(?:st|nd|rd|th)?\b", said) else "did not say what day it is"


def _only_words(replies: Sequence[Reply]) -> str | None:
    names = [call.name for reply in replies for call in reply.calls]
    return f"called {', '.join(names)}, which nobody asked for" if names else _ends_in_words(replies[-1])


def _ends_in_words(reply: Reply) -> str | None:
    if reply.calls:
        return "did not stop calling tools"
    if "suspected_call" in reply.flags:
        return "printed a tool call as text"
    if reply.finish not in ("stop", "length"):
        return f"its reply ended badly ({reply.finish})"
    return None if reply.text.strip() else "answered with nothing"


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("one tool", _ask("Could you write me a story ?"), _one_tool),
    Scenario("tools one at a time, with an image", _equations, _step_by_step, needs_vision=True),
    Scenario("long context", _long, _remembers),
    Scenario(
        "tech chat",
        _ask("How would you develop a web server if you couldn't use JS and your team doesn't like PHP."),
        _tech,
    ),
    Scenario("small talk", _ask("Who are you ? Who made you and what day is it ?"), _small_talk),
)
