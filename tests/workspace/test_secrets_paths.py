from __future__ import annotations

from pathlib import PurePath, PureWindowsPath

import pytest

from devstral_ls.workspace.globs import matcher
from devstral_ls.workspace.secrets_paths import SUSPECTS, hides, hides_but

SECRET = [
    ".env", ".env.local", ".env.production", "prod.env", ".envrc", "sub/dir/.env", "/home/me/w/.env",
    ".env.example.local", "id_rsa", "deploy/id_ed25519", "id_ecdsa_sk", "server.pem", "tls/server.key",
    "AuthKey_1.p8", "a.p12", "a.pfx",
    "a.ppk", "release.jks", "release.keystore", "passwords.kdbx",
    ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".htpasswd", ".git-credentials", ".dockercfg",
    ".vault-token", ".vault_pass", "credentials", "credentials.json", "secrets.toml", "config/secrets.yml",
    "client_secret_1.apps.googleusercontent.com.json", "service-account.json", "service_account_prod.json",
    "application_default_credentials.json", ".aws/credentials", ".aws/config", "home/.ssh/config", ".ssh/deploy",
    ".gnupg/private-keys-v1.d/a", ".kube/config", ".docker/config.json", ".config/gh/hosts.yml",
    ".config/gcloud/access_tokens.db",
]  # fmt: skip

OPEN = [
    ".env.example", ".env.sample", ".env.template", ".env.local.example", ".env.dist", "env.example", "example.env",
    "env", "env.py", "environment.env.py", ".environment", "id_rsa.pub", ".ssh/id_ed25519.pub", ".ssh/known_hosts",
    "pem", "key.py", "keys.py", "monkey", "a.pem.md", "secrets.py", "credentials.py", "credentials/login.py",
    ".env/lib/site.py", "certs.pem/readme.md", ".npmignore", "config.json", "docker/config.json", "account.json",
    "aws/credentials.md", "tokens.json", ".", "",
]  # fmt: skip


@pytest.mark.parametrize("path", SECRET)
def test_files_with_secrets_are_hidden_in_any_spelling(path: str) -> None:
    assert hides(path)
    assert hides(path.upper())
    assert hides(PurePath(path))
    assert hides(PureWindowsPath(path))
    assert hides(f"{path}. ")
    assert hides(f"{path}::$DATA")
    assert hides(f"{path[0]}\u200c{path[1:]}")


@pytest.mark.parametrize("path", OPEN)
def test_templates_public_keys_and_code_are_not(path: str) -> None:
    assert not hides(path)


def test_ripgrep_can_find_them_by_their_names() -> None:
    for path in SECRET:
        name = path.rpartition("/")[2]
        if "/" not in path:
            assert any(matcher(glob)(spelled) for glob in SUSPECTS for spelled in (name, name.upper())), name


def test_the_user_allows_all_of_them_or_some_by_glob() -> None:
    assert not hides_but(True)(".env")
    assert hides_but(False)(".env")
    some = hides_but(["fixtures/*.pem", ".env.test"])
    paths = ["fixtures/a.pem", "sub/.env.test", "a.pem", "sub/fixtures/a.pem", ".env"]
    assert [path for path in paths if some(path)] == ["a.pem", "sub/fixtures/a.pem", ".env"]


@pytest.mark.parametrize("glob", ["[", "!.env", "{a"])
def test_a_glob_that_is_not_valid_or_excludes_allows_nothing(glob: str) -> None:
    assert hides_but([glob])("a.pem")
