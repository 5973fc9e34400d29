from __future__ import annotations

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
