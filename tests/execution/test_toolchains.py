from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from devstral_ls.execution.toolchains import toolchains


def shown(home: Path, environ: Mapping[str, str]) -> set[str]:
    """What these variables make visible besides what is in every home."""
    return {
        path.removeprefix(f"{home}/") for path in set(toolchains(environ, str(home))) - set(toolchains({}, str(home)))
    }


def test_a_version_manager_is_shown_with_its_shims(tmp_path: Path) -> None:
    assert shown(tmp_path, {"PATH": f"/usr/bin:{tmp_path}/managers/py/shims"}) >= {"managers/py", "managers/py/shims"}


def test_what_programs_look_for_beside_their_folder_is_shown_and_no_more(tmp_path: Path) -> None:
    assert shown(tmp_path, {"PATH": f"{tmp_path}/tools/node/bin"}) == {
        "tools/node/bin",
        *(f"tools/node/{name}" for name in ("lib", "lib64", "libexec", "share", "include")),
    }


def test_an_environment_is_shown_whole(tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    assert shown(tmp_path, {"PATH": f"{tmp_path}/env/bin"}) == {"env", "env/bin"}


def test_toolchains_are_shown_where_variables_say_they_are(tmp_path: Path) -> None:
    environ = {"PYENV_ROOT": f"{tmp_path}/py", "CARGO_HOME": f"{tmp_path}/cargo", "GOPATH": str(tmp_path / "go2")}
    assert shown(tmp_path, environ) == {"py", "cargo/bin", "cargo/registry", "cargo/git", "go2/bin", "go2/pkg"}


@pytest.mark.parametrize("variable", ["PATH", "PYENV_ROOT", "JAVA_HOME"])
@pytest.mark.parametrize("place", ["", "/..", "/.ssh/bin", "/.config/x/bin", "/../.."])
def test_homes_and_settings_are_not_shown_whatever_variables_say(tmp_path: Path, variable: str, place: str) -> None:
    home = tmp_path / "home"
    assert shown(home, {variable: f"{home}{place}"}) == set()


@pytest.mark.parametrize(
    "place", ["bin", "shims", ".local/bin", ".local/shims", ".local/share/bin", ".local/share/shims"]
)
def test_beside_a_folder_of_programs_nothing_else_of_a_home_is_shown(tmp_path: Path, place: str) -> None:
    assert shown(tmp_path, {"PATH": f"{tmp_path}/{place}"}) <= {place}


def test_relative_folders_are_not_shown(tmp_path: Path) -> None:
    assert shown(tmp_path, {"PATH": "bin::.", "JAVA_HOME": "java"}) == set()


@pytest.mark.parametrize(
    "key", [".gem/credentials", ".local/share/uv/credentials", ".pub-cache/credentials.json", ".cargo/credentials.toml"]
)
def test_keys_for_publishing_are_not_shown_with_the_programs_beside_them(tmp_path: Path, key: str) -> None:
    home = str(tmp_path)
    assert not [
        path for path in toolchains({}, home) if f"{home}/{key}".startswith(f"{path}/") or path == f"{home}/{key}"
    ]
