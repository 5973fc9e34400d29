"""Which files hold secrets, told by their path alone. Pure, and the same for tools and for what commands get to see."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import PurePath

from devstral_ls.errors import SearchFailed
from devstral_ls.workspace.globs import matcher

Hides = Callable[[str], bool]
"""Whether a path's file holds secrets that are not to be read."""

_NAMES = re.compile(
    r"""
      \.env(?:rc|\..+)? | .+\.env
    # Private keys and the stores they are kept in.
    | id_(?:rsa|dsa|ecdsa|ed25519|ecdsa_sk|ed25519_sk)
    | .+\.(?:pem|key|p8|p12|pfx|pkcs12|ppk|jks|keystore|kdb|kdbx)
    # Names and passwords that programs keep for themselves.
    | [._]netrc | \.npmrc | \.pypirc | \.pgpass | \.my\.cnf | \.htpasswd | \.git-credentials | \.dockercfg
    | \.vault[-_](?:token|pass(?:word)?) | \.terraformrc | terraform\.rc
    | .+\.tfvars | terraform\.tfstate(?:\..+)? | \.dockerconfigjson | kubeconfig
    | credentials(?:\.(?:json|toml|ya?ml|ini|csv|xml))? | secrets?\.(?:json|toml|ya?ml|ini)
    | (?:client[-_]secret|service[-_]account|application_default_credentials).*\.json
    """,
    re.VERBOSE,
)
_PLACES = re.compile(
    r"(?:.*/)?(?:"
    r"\.ssh/(?!.*\.pub$|known_hosts$).+|\.gnupg/.+|\.aws/.+|\.azure/.+|\.kube/config|\.docker/config\.json"
    r"|\.config/gcloud/.+|\.config/gh/hosts\.yml|\.composer/auth\.json"
    r"|\.password-store/.+|\.oci/.+"
    r")"
)
_SHOWN = re.compile(r"\.?env\.(?:.*\.)?(?:example|sample|template|dist|defaults?)|(?:example|sample|template)\.env")
"""What shows which variables there are, without their values."""

SUSPECTS = tuple(
    re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", glob)
    for glob in shlex.split(
        ".env* *.env id_* *.pem *.key *.p8 *.p12 *.pfx *.pkcs12 *.ppk *.jks *.keystore *.kdb *.kdbx .netrc _netrc "
        ".npmrc .pypirc .pgpass .my.cnf .htpasswd .git-credentials .dockercfg .vault* .terraformrc terraform.rc "
        "credentials* secret* client*.json service*.json application_default_credentials.json config config.json "
        "hosts.yml auth.json authorized_keys *.kbx *.gpg *.tfvars terraform.tfstate* .dockerconfigjson kubeconfig"
    )
)
"""Globs of the names such files have, and others; but for what is secret by its folder alone, whatever its name."""

# Code points that HFS+ leaves out when it compares names.
_IGNORED = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])


def hides(path: PurePath | str) -> bool:
    """Whether the file at this path (relative to the folder it is in, or absolute) holds secrets, in any spelling."""
    parts = [_folded(part) for part in os.fspath(path).replace("\\", "/").split("/")]
    if _SHOWN.fullmatch(parts[-1]):
        return False
    return _NAMES.fullmatch(parts[-1]) is not None or _PLACES.fullmatch("/".join(parts)) is not None


def hides_but(allowed: bool | Sequence[str]) -> Hides:
    """`hides` without what the user allowed: all, or the globs that match a path relative to its workspace folder.

    A glob that is not valid allows nothing.
    """
    if isinstance(allowed, bool):
        return _nothing if allowed else hides
    shown = [test for glob in allowed if (test := _matcher(glob)) is not None]
    return lambda path: hides(path) and not any(test(path) for test in shown)


def _matcher(glob: str) -> Callable[[str], bool] | None:
    if glob.startswith("!"):
        return None  # would allow everything else
    try:
        return matcher(glob)
    except SearchFailed:
        return None


def _nothing(path: str) -> bool:
    return False


def _folded(name: str) -> str:
    """A component as file systems compare it: without case, Windows' streams and trailing dots, HFS+'s invisibles."""
    folded = name.translate(_IGNORED).casefold()
    return folded.partition(":")[0].rstrip(" .") or folded
