"""What to do about what a server lacks: the command that mends it, or advice."""

from __future__ import annotations

from collections.abc import Sequence

from devstral_ls.llm.abilities import Finding
from devstral_ls.llm.discovery import Endpoint, Probed
from devstral_ls.llm.keys import KEY_VARIABLE
from devstral_ls.llm.model_choice import is_devstral, same_model
from devstral_ls.llm.profiles import profile_of
from devstral_ls.llm.servers import LOCAL_SERVERS, model_advice, sentence, server_name

LISTS_ALL = frozenset(("vllm", "ollama", "lm studio"))
"""Kinds of servers that have no model but those they list."""


def unlisted(chosen: Endpoint) -> list[Finding]:
    """That the server doesn't list the model it is to be asked for; it may have it all the same."""
    if not chosen.models or chosen.kind == "llama.cpp" or any(same_model(name, chosen.model) for name in chosen.models):
        return []
    name = server_name(chosen.base_url, chosen.kind)
    advice = model_advice(chosen.base_url, chosen.models, chosen.kind)
    return [Finding("model", sentence(f"{name} lists no model {chosen.model!r}."), sentence(advice))]


def fix(found: Probed) -> str | None:
    """The command that makes this server usable for a run."""
    known = next((server for server in LOCAL_SERVERS if server.kind == found.kind), None)
    if found.advice is not None:
        return None  # no command mends it
    if found.kind == "mistral":
        return f"export {KEY_VARIABLE}=..." if found.status == "key_refused" else None
    if known is None or found.status in ("key_refused", "unusable"):
        return None
    if found.kind == "ollama" and (found.status == "no_model" or not is_devstral(found.model or "devstral")):
        return "ollama pull devstral-small-2"
    if found.kind == "ollama" and found.status == "unreachable":
        return f"{known.start}  # then: ollama pull devstral-small-2"
    return known.start if found.status in ("unreachable", "no_model") else None


def remedies(probed: Sequence[Probed]) -> list[str]:
    """Commands of which any one makes a run work, the likeliest first: what runs but lacks something, then the rest."""
    runs_first = sorted(probed, key=lambda found: (found.status == "unreachable") + 2 * (found.kind == "mistral"))
    return list(dict.fromkeys(command for found in runs_first if (command := fix(found)) is not None))


def advice(chosen: Endpoint) -> list[str]:
    """What would make runs with this server better, besides what was found out."""
    if profile_of(chosen.model, said=chosen.said).is_devstral:
        return []
    return [f"{chosen.model} is not a Devstral model; `ollama pull devstral-small-2` or --model name one."]
