"""Settings come in layers; a wrong one costs one message and nothing else."""

# ruff: noqa: E501 - one case to a line

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devstral_ls.allowed_hosts import allowed_hosts
from devstral_ls.config import Config, schema
from devstral_ls.config_layers import Layer, base_layers, environment, load, user_file


def test_without_settings_everything_has_its_default() -> None:
    config, problems = load([])
    assert config == Config()
    assert problems == []
    assert (config.llm.max_tokens, config.edits.mode) == (8192, "review")


def test_a_later_layer_wins_and_null_means_not_set() -> None:
    config, problems = load(
        [
            Layer("user file", {"llm": {"model": "a", "baseUrl": "http://a"}}),
            Layer("editor", {"llm": {"model": "b", "baseUrl": None}}),
        ]
    )
    assert (config.llm.model, config.llm.base_url) == ("b", "http://a")
    assert problems == []


@pytest.mark.parametrize(
    "values",
    [
        {"llm": {"maxTokens": 9}},
        {"llm.maxTokens": 9},
        {"devstral": {"llm": {"maxTokens": 9}}},
        {"devstral.llm.maxTokens": 9},
        {"devstral": {"llm.maxTokens": 9.0}},
    ],
)
def test_keys_may_be_nested_or_dotted(values: dict[str, Any]) -> None:
    config, problems = load([Layer("editor", values)])
    assert config.llm.max_tokens == 9
    assert problems == []


@pytest.mark.parametrize("values", [{"execution": {"sandbox": "off"}}, {"devstral.execution.sandbox": "require"}])
def test_what_holds_commands_in_is_the_users_own_to_say(values: dict[str, Any]) -> None:
    own = Layer("user file", {"execution": {"sandbox": "auto"}})
    config, problems = load([own, Layer("editor settings", values, users_own=False)])
    assert config.execution.sandbox == "auto"
    assert [str(problem) for problem in problems] == [
        "devstral.execution.sandbox (editor settings) is left out: a workspace could set it there. "
        f"Put it into {user_file()}."
    ]
    config, problems = load([own, Layer("environment", environment({"DEVSTRAL_LS_SANDBOX": "off"}))])
    assert (config.execution.sandbox, problems) == ("off", [])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"llm.temperature": "hot"}, "devstral.llm.temperature (editor) must be a number of at least 0, not 'hot'; using unset."),
        ({"llm.temperature": -1}, "devstral.llm.temperature (editor) must be a number of at least 0, not -1; using unset."),
        ({"llm.maxTokens": 1.5}, "devstral.llm.maxTokens (editor) must be a whole number of at least 1, not 1.5; using 8192."),
        ({"llm.maxTokens": True}, "devstral.llm.maxTokens (editor) must be a whole number of at least 1, not True; using 8192."),
        ({"edits.mode": "yolo"}, "devstral.edits.mode (editor) must be one of review, auto, propose, not 'yolo'; using 'review'."),
        ({"execution.enabled": "no"}, "devstral.execution.enabled (editor) must be true or false, not 'no'; using True."),
        ({"llm.baseUrl": 8000}, "devstral.llm.baseUrl (editor) must be a string, not 8000; using unset."),
        ({"llm.maxToken": 5}, "devstral.llm.maxToken (editor) is not a setting (did you mean llm.maxTokens?)."),
        ({"llm": 5}, "devstral.llm (editor) is not a setting."),
    ],
)  # fmt: skip
def test_a_wrong_value_names_its_key_and_the_default_is_used(values: dict[str, Any], message: str) -> None:
    config, problems = load([Layer("editor", values)])
    assert config == Config()
    assert [str(problem) for problem in problems] == [message]


def test_a_wrong_value_leaves_the_layer_below_in_place() -> None:
    config, problems = load([Layer("user file", {"llm.maxTokens": 100}), Layer("editor", {"llm.maxTokens": 0})])
    assert config.llm.max_tokens == 100
    assert str(problems[0]).endswith("not 0; using 100.")


def test_a_wrong_key_is_not_repeated_in_the_message() -> None:
    _, problems = load([Layer("editor", {"llm.apiKey": ["sk-secret"]})])
    assert "sk-secret" not in str(problems[0])


def test_the_environment_sets_where_the_model_is_and_leaves_mistrals_key_to_mistral() -> None:
    environ = {
        "DEVSTRAL_LS_BASE_URL": "http://x/v1",
        "DEVSTRAL_LS_MODEL": "m",
        "DEVSTRAL_LS_API_KEY": "k",
        "MISTRAL_API_KEY": "secret",
    }
    assert environment(environ) == {"llm.baseUrl": "http://x/v1", "llm.model": "m", "llm.apiKey": "k"}
    assert environment({"DEVSTRAL_LS_MODEL": ""}) == {}
    assert environment({"DEVSTRAL_LS_TRY_OUT": "0"}) == {"llm.tryOut": False}
    _, problems = load([Layer("environment", environment({"DEVSTRAL_LS_TRY_OUT": "maybe"}))])
    assert [str(each) for each in problems] == [
        "devstral.llm.tryOut (environment) must be true or false, not 'maybe'; using True."
    ]


def test_a_profile_that_does_not_exist_costs_one_line_that_names_those_that_do() -> None:
    config, problems = load([Layer("user file", {"llm": {"profile": "devstral-3", "vision": False}})])
    assert (config.llm.profile, config.llm.vision) == ("auto", False)
    assert [str(each) for each in problems] == [
        "devstral.llm.profile (user file) must be one of auto, devstral-small-2, devstral-2, devstral-small-1.1, "
        "devstral-small-1.0, mistral, generic, not 'devstral-3'; using 'auto'."
    ]


def test_the_users_file_is_read_and_a_broken_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    layers, problems = base_layers({})
    assert load(layers)[0] == Config()
    assert problems == []
    file = tmp_path / "devstral-ls" / "config.toml"
    assert user_file() == file
    file.parent.mkdir()
    file.write_bytes(b'\xef\xbb\xbf[llm]\nmodel = "devstral"\n')
    assert load(base_layers({})[0])[0].llm.model == "devstral"
    file.write_text("[llm\n")
    layers, problems = base_layers({})
    assert load(layers)[0] == Config()
    assert str(problems[0]).startswith(f"{file} can't be read and is ignored: ")
    assert "\n" not in str(problems[0])


def test_every_setting_is_documented() -> None:
    for row in schema():
        assert row.doc.endswith("."), row.key
        assert row.secret == (row.key in ("llm.apiKey", "llm.headers", "llm.proxy")), row.key


@pytest.mark.parametrize(
    "values",
    [
        {"llm": {"headers": {"X-Team": "blue", "x.dotted": " 1 "}}},
        {"llm.headers": {"X-Team": "blue", "x.dotted": "1"}},
        {"devstral": {"llm.headers.X-Team": "blue", "llm": {"headers.x.dotted": "1"}}},
        {"llm": {"headers": {"X-Team": "blue", "x.dotted": "1", "X-Unset": None}}},
    ],
)
def test_headers_are_a_table_and_may_be_nested_or_dotted(values: dict[str, Any]) -> None:
    config, problems = load([Layer("editor", values)])
    assert problems == []
    assert config.llm.headers == {"X-Team": "blue", "x.dotted": "1"}


def test_a_layer_replaces_the_headers_of_the_layer_below() -> None:
    config, _ = load(
        [Layer("user file", {"llm.headers": {"a": "1"}}), Layer("editor", {"llm": {"headers": {"b": "2"}}})]
    )
    assert config.llm.headers == {"b": "2"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hush", "must be a table of texts by name"),
        ({"X-Key": ["hush"]}, "must have a line of text for 'X-Key'"),
        ({"X-Key": "hush\r\nHost: evil"}, "must have a line of text for 'X-Key'"),
        ({"X Key": "hush"}, "must not have the header 'X Key'"),
        ({"Host": "hush"}, "must not have the header 'Host'"),
    ],
)
def test_a_wrong_header_is_named_without_its_value(given: Any, message: str) -> None:
    config, problems = load([Layer("editor", {"llm.headers": given})])
    assert config == Config()
    assert [str(problem) for problem in problems] == [f"devstral.llm.headers (editor) {message}; using ***."]


def test_secrets_are_not_in_a_configurations_text() -> None:
    values = {"apiKey": "sk-hush", "headers": {"X-Key": "hush"}, "proxy": "http://me:hush@proxy:1"}
    config, _ = load([Layer("editor", {"llm": values})])
    assert config.llm.api_key == "sk-hush"
    assert "hush" not in repr(config)


def test_checks_are_named_by_folder_in_the_users_own_file_alone() -> None:
    values = {"execution": {"check": {"commands": {"/w/my.project": " pytest -q ", "*": "make"}, "rounds": 1}}}
    config, problems = load([Layer("user file", values)])
    assert (config.check.commands, config.check.rounds) == ({"/w/my.project": "pytest -q", "*": "make"}, 1)
    assert problems == []
    config, problems = load([Layer("editor", values, users_own=False)])
    assert (config.check.commands, config.check.rounds) == (None, 1)
    assert "devstral.execution.check.commands (editor) is left out" in str(problems[0])


def test_a_wrong_check_costs_one_message_and_the_others_count() -> None:
    commands = {"project": "x", "/a": 1, "/b": " ", "/c": "make"}
    config, problems = load([Layer("user file", {"execution.check.commands": commands})])
    assert config.check.commands == {"/c": "make"}
    assert [str(problem) for problem in problems] == [
        "devstral.execution.check.commands (user file) must name folders by their whole path, not 'project'; it is left out.",
        "devstral.execution.check.commands (user file) must have a command for '/a', not 1; it is left out.",
        "devstral.execution.check.commands (user file) must have a command for '/b', not ' '; it is left out.",
    ]


def test_hosts_are_read_one_by_one_and_only_from_the_users_own_file() -> None:
    hosts = ["pkg.test", "*.example.com:8443", "[::1]:80", "10.0.0.7", "localhost:*"]
    own = {"execution": {"network": {"allow": [*hosts, "http://pkg.test", 7]}, "python": {"backend": "wasm"}}}
    config, problems = load([Layer("user file", own)])
    assert config.execution.network == tuple(hosts)
    assert allowed_hosts(config.execution.network).permits("pkg.test", 443)
    assert config.execution.python == "wasm"
    assert [str(problem).endswith("; it is left out.") for problem in problems] == [True, True]
    assert "must have host or host:port, such as 'example.com' or '*.example.com:8443', not 'http://pkg.test'" in str(
        problems[0]
    )
    config, problems = load(
        [Layer("editor", {"execution.network.allow": ["*"], "execution.python.backend": "riza"}, users_own=False)]
    )
    assert (config.execution.network, config.execution.python) == ((), "local")
    assert len(problems) == 2


@pytest.mark.parametrize("host", ["-x", "a..b", "x:0", "x:65536", "[]", "", "[1:2]", "a-.b"])
def test_what_the_proxy_does_not_understand_is_no_host_either(host: str) -> None:
    config, problems = load([Layer("user file", {"execution.network.allow": [host]})])
    assert (config.execution.network, len(problems)) == ((), 1)
