"""Which folders of programs a command in the sandbox sees though they lie in somebody's home: programs, no settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

IN_HOME = (
    *(".pyenv", ".rustup", ".cargo/bin", ".cargo/registry", ".cargo/git", ".nvm", ".fnm", ".volta", ".asdf", ".deno"),
    *(".bun", ".sdkman", ".rbenv", ".rvm", ".gem/ruby", ".ghcup", ".nodenv", ".goenv", ".jenv", ".opam", ".elan"),
    *(
        ".juliaup",
        "go/bin",
        "go/pkg",
        ".go",
        ".dotnet",
        ".m2/repository",
        ".gradle/wrapper",
        ".konan",
        ".pub-cache/bin",
    ),
    *(".local/bin", ".local/lib", ".local/pipx", ".local/share/pipx", ".local/share/mise"),
    *(".local/share/rtx", ".local/share/virtualenvs", ".local/share/hatch", ".local/share/pnpm", ".local/share/fnm"),
    *(".virtualenvs", ".cache/pypoetry/virtualenvs", ".cache/pre-commit", ".conda", "miniconda3", "anaconda3"),
    *("miniforge3", ".npm-global", ".nix-profile", ".local/state/nix", ".config/nvm", ".hatch", ".rye", ".pixi"),
    *(".proto", ".local/share/uv/python", ".local/share/uv/tools", ".pub-cache/hosted", ".pub-cache/global_packages"),
)
"""Where toolchains lie in a home directory, unless they were told another place. Of those that keep keys there
too, only the programs."""

NAMED = {
    "PYENV_ROOT": ("",),
    "RUSTUP_HOME": ("",),
    # Beside these are the keys for publishing.
    "CARGO_HOME": ("bin", "registry", "git"),
    "GOPATH": ("bin", "pkg"),
    "GOROOT": ("",),
    "JAVA_HOME": ("",),
    "NVM_DIR": ("",),
    "VOLTA_HOME": ("",),
    "DOTNET_ROOT": ("",),
}
"""The variables that tell of another place, and what is shown of it."""

BESIDE_BIN = ("lib", "lib64", "libexec", "share", "include")
"""What programs in a `bin` look for beside it: `npm` is a link into `../lib`."""

OF_SETTINGS = (".ssh", ".gnupg", ".aws", ".config", ".kube", ".docker")

MIXED = (".local", ".local/share")
"""Where programs and other things lie side by side."""


def toolchains(environ: Mapping[str, str], home: str) -> Iterator[str]:
    """Absolute paths that may or may not exist. home: absolute, without symbolic links."""
    yield from (f"{home}/{name}" for name in IN_HOME)
    for variable, names in NAMED.items():
        if _may_be_shown(place := environ.get(variable, ""), home):
            yield from (os.path.normpath(f"{place}/{name}") for name in names)
    for path in environ.get("PATH", "").split(os.pathsep):
        if _may_be_shown(path, home):
            yield path
            yield from _needed_by(Path(path), home)


def _needed_by(programs: Path, home: str) -> Iterator[str]:
    """What a folder of programs doesn't work without."""
    above = programs.parent
    if not _may_be_shown(str(above), home) or os.path.relpath(os.path.realpath(above), home) in MIXED:
        return
    # A version manager's shims start the manager, and that the version; a Python environment's scripts its packages.
    if programs.name == "shims" or (above / "pyvenv.cfg").is_file():
        yield str(above)
    elif programs.name == "bin":
        yield from (str(above / name) for name in BESIDE_BIN)


def _may_be_shown(path: str, home: str) -> bool:
    """Not the home directory itself, nor what holds it, nor what lies in a folder of settings."""
    if not path.startswith("/"):
        return False
    real = os.path.realpath(path)
    relative = os.path.relpath(real, home)
    return relative != "." and not home.startswith(real.rstrip("/") + "/") and not relative.startswith(OF_SETTINGS)
