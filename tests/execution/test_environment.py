from __future__ import annotations

import pytest

from devstral_ls.execution.environment import clean_environment


def test_secrets_and_unknown_variables_are_left_out() -> None:
    given = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "LC_ALL": "C.UTF-8",
        "MISTRAL_API_KEY": "secret",
        "GITHUB_TOKEN": "secret",
        "LC_TOKEN": "secret",
        "LD_PRELOAD": "/tmp/evil.so",
        "SSH_AUTH_SOCK": "/run/agent",
    }
    kept = clean_environment(given, windows=False)
    assert {name: kept[name] for name in ("PATH", "HOME", "LC_ALL")} == {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "LC_ALL": "C.UTF-8",
    }
    assert "secret" not in kept.values()
    assert not {"LD_PRELOAD", "SSH_AUTH_SOCK"} & kept.keys()


SECRETS = (
    *("MISTRAL_API_KEY", "RIZA_API_KEY", "DEVSTRAL_LS_API_KEY", "OPENAI_API_KEY", "X_API_KEY", "APIKEY", "API_KEY"),
    *("GITHUB_TOKEN", "HF_TOKEN", "TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "CLIENT_SECRET", "SECRET"),
    *("PGPASSWORD", "DB_PASSWORD", "HTTPS_PROXY", "PIP_INDEX_URL", "DATABASE_URL", "LC_KEY", "LC_TOKEN", "LC_SECRET"),
    *("LC_API_KEY", "LC_PASSWORD", "BASH_ENV", "ENV", "BASH_FUNC_ls%%", "GIT_CONFIG_PARAMETERS"),
)


@pytest.mark.parametrize("windows", [False, True])
def test_whatever_a_key_is_called_it_is_left_out(windows: bool) -> None:
    kept = clean_environment(dict.fromkeys((*SECRETS, *map(str.lower, SECRETS)), "secret"), windows=windows)
    assert "secret" not in kept.values()


def test_programs_are_told_not_to_ask_page_or_colour() -> None:
    kept = clean_environment({"TERM": "xterm-256color", "PAGER": "less"}, windows=False)
    assert kept["TERM"] == "dumb"
    assert kept["PAGER"] == "cat"
    assert kept["CI"] == kept["PIP_NO_INPUT"] == kept["PYTHONDONTWRITEBYTECODE"] == "1"
    assert kept["GIT_TERMINAL_PROMPT"] == "0"


def test_windows_keeps_what_its_programs_need_whatever_the_case() -> None:
    kept = clean_environment({"SystemRoot": r"C:\Windows", "Path": r"C:\bin", "Api_Key": "x"}, windows=True)
    assert kept["SystemRoot"] == r"C:\Windows"
    assert kept["Path"] == r"C:\bin"
    assert "Api_Key" not in kept


def test_names_have_case_elsewhere() -> None:
    assert "SystemRoot" not in clean_environment({"SystemRoot": "x", "path": "y"}, windows=False)
    assert "path" not in clean_environment({"path": "y"}, windows=False)
