"""Files that editors, shells and build servers run by themselves, told by their path alone. Pure."""

from __future__ import annotations

RUN_BY_EDITORS = frozenset((".vscode", ".idea", ".fleet", ".zed", ".devcontainer", ".husky", ".githooks"))
RUN_BY_CI = frozenset((".circleci", ".buildkite", ".gitlab", ".woodpecker"))
RUN_FILES = frozenset(
    (
        *(".envrc", ".mise.toml", "mise.toml", ".exrc", ".nvimrc", ".nvim.lua", ".vimrc", ".dir-locals.el"),
        *(".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", "jenkinsfile", "bitbucket-pipelines.yml"),
        *(".pre-commit-config.yaml", ".gitmodules", ".gitattributes", ".gitconfig", ".drone.yml"),
        *(".neoconf.json", ".lazy.lua", "lefthook.yml"),
    )
)


def needs_confirmation(path: str) -> bool:
    """Whether a change of this relative path (with `/`) is for the user to confirm, whatever the mode is.

    An editor, a shell or a build server runs what stands in such a file, without asking again.
    """
    *folders, name = path.lower().split("/")
    if any(folder in RUN_BY_EDITORS or folder in RUN_BY_CI for folder in folders):
        return True
    if name in RUN_FILES or name.endswith((".code-workspace", ".sublime-project")):
        return True
    return ".github" in folders and ("workflows" in folders or "actions" in folders)
