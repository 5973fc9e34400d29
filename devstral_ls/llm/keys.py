"""Which API key goes to which server. A Mistral key goes to the Mistral API and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from devstral_ls.config_llm import LlmConfig
from devstral_ls.llm.servers import same_host

KEY_VARIABLE = "MISTRAL_API_KEY"


def mistral_key(config: LlmConfig, environ: Mapping[str, str]) -> str | None:
    """The key for the Mistral API: the setting (unless it belongs to another server), the environment, Vibe's file."""
    own = None if config.base_url else config.api_key
    return own or environ.get(KEY_VARIABLE, "").strip() or _vibe_key(environ)


def key_for(base_url: str, config: LlmConfig, environ: Mapping[str, str], mistral_url: str) -> str | None:
    """The key for an explicitly configured server."""
    if config.api_key:
        return config.api_key
    return mistral_key(config, environ) if same_host(base_url, mistral_url) else None


def _vibe_key(environ: Mapping[str, str]) -> str | None:
    """The key that Mistral Vibe keeps in `$VIBE_HOME/.env`, by default `~/.vibe/.env`."""
    home = environ.get("VIBE_HOME") or _home(environ) / ".vibe"
    try:
        text = Path(home, ".env").read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None  # most people have no such file
    return read_env_file(text).get(KEY_VARIABLE)


def read_env_file(text: str) -> dict[str, str]:
    """The variables of a `.env` file: `NAME=value`, quotes and `export` optional, `#` begins a comment."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not name or name.startswith("#"):
            continue
        if len(value) > 1 and value[0] in "'\"" and value[0] in value[1:]:
            value = value[1 : value.index(value[0], 1)]
        else:
            value = value.partition(" #")[0].rstrip()
        if value:
            values[name] = value
    return values


def _home(environ: Mapping[str, str]) -> Path:
    named = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(named) if named else Path.home()
