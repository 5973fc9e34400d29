"""The environment a command gets: an allow-list, because anything else may be a secret."""

from __future__ import annotations

from collections.abc import Mapping

ALLOWED = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
        # Where toolchains were put when it was not the default place.
        *("JAVA_HOME", "CARGO_HOME", "RUSTUP_HOME", "GOPATH", "GOROOT", "NVM_DIR", "VOLTA_HOME", "PYENV_ROOT"),
        *("DOTNET_ROOT", "ANDROID_HOME"),
    )
)
ALLOWED_ON_WINDOWS = frozenset(
    (
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "USERNAME"),
        *("HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)"),
        *("NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
    )
)
SECRET_ENDINGS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")

SET = {
    "TERM": "dumb",
    "CI": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "PIP_NO_INPUT": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""What makes programs neither ask nor page nor colour."""


def clean_environment(environ: Mapping[str, str], *, windows: bool) -> dict[str, str]:
    """The part of `environ` a command may see, with `SET` on top. Names are compared as the platform compares them."""
    kept = {name: value for name, value in environ.items() if _allowed(name.upper() if windows else name, windows)}
    return kept | SET


def _allowed(name: str, windows: bool) -> bool:
    if name.endswith(SECRET_ENDINGS):
        return False
    return name in ALLOWED or name.startswith("LC_") or (windows and name in ALLOWED_ON_WINDOWS)
