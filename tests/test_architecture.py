"""The directions of dependency, read from the imports: what docs/architecture.md draws is what the code does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import devstral_ls

ROOT = Path(devstral_ls.__file__).parent

MAY_USE = {
    "errors": set(),
    "user_actions": set(),
    "allowed_hosts": set(),
    "config_setting": set(),
    "config_llm": {"config_setting"},
    "config": {"config_llm", "config_setting", "user_actions"},
    "config_values": {"allowed_hosts", "config", "config_setting", "user_actions"},
    "config_layers": {"config", "config_values", "errors"},
    "edits": {"errors"},
    "llm": {"errors", "config_llm"},
    "scripted": {"errors"},
    "storage": {"errors"},
    "workspace": {"edits", "errors"},
    "tools": {"edits", "errors", "llm", "workspace"},
    "execution": {"allowed_hosts", "errors", "tools", "workspace"},
    "agent": {"edits", "errors", "llm", "tools", "workspace"},
    "server": {"agent", "allowed_hosts", "config", "config_layers", "config_llm", "edits", "errors", "execution", "llm",
               "storage", "tools", "user_actions", "workspace"},
    "demo": set(),
    "cli": {"config", "config_layers", "demo", "edits", "errors", "execution", "llm", "scripted", "server",
            "storage", "workspace"},
    "__main__": {"cli"},
}  # fmt: skip
"""Package -> the packages it may import. Nobody is imported by those below."""

IMAGES = {f"devstral_ls.llm.{name}" for name in ("picture", "scaling")}
SIZES = {f"devstral_ls.llm.{name}" for name in ("tokens", "envelope", "profiles", "faults", "servers")}
"""What is known of images, and of how much a conversation may hold and what happens when it holds more."""

ONLY_FROM = {
    ("tools", "llm"): {"devstral_ls.llm.messages", *IMAGES},
    ("agent", "llm"): {"devstral_ls.llm.messages", "devstral_ls.llm.backend", *IMAGES, *SIZES},
    ("execution", "tools"): {"devstral_ls.tools.commands", "devstral_ls.tools.python"},
    ("cli", "server"): {"devstral_ls.server.serve"},
    ("cli", "execution"): {
        "devstral_ls.execution.ladder",
        "devstral_ls.execution.rungs",
        "devstral_ls.execution.shell_parts",
    },
}
"""(package, other) -> the modules of the other that make up what it may know: messages, ports, the way in."""

OWNERS = {
    "pygls": {"server"},
    "lsprotocol": {"server"},
    "openai": {"llm.openai_backend"},
    "watchdog": {"workspace.watcher"},
    "rich": {"cli"},
    "pygments": {"server.comments"},
    "tree_sitter": {"execution.shell_parts", "execution.shell_tree"},
    "tree_sitter_bash": {"execution.shell_parts"},
    "rizaio": {"execution.python_riza"},
    "eryx": {"execution.wasm_child"},
    "subprocess": {"cli", "execution", "scripted", "workspace.search"},
    "multiprocessing": set(),
}
"""Library -> the packages or modules that may import it."""

SPAWNING = {"create_subprocess_exec", "create_subprocess_shell", "Popen", "system", "popen", "fork", "posix_spawn"}
WRITING = {"write_text", "write_bytes", "unlink", "rmdir", "rename", "replace_file", "mkdir", "makedirs", "rmtree",
           "touch", "symlink_to", "hardlink_to", "chmod"}  # fmt: skip
WRITERS = {"cli", "execution", "scripted", "storage", "server.pages", "workspace.mirror", "llm.learned", "llm.record"}
"""Those who write to disk at all: the terminal's own editor, throw-away copies, what is kept outside the workspace."""


@dataclass(frozen=True)
class Module:
    """name: without `devstral_ls.`. imports: full names, wherever in the file they stand."""

    name: str
    tree: ast.Module
    imports: frozenset[str]

    @property
    def package(self) -> str:
        return self.name.split(".")[0]

    def is_one_of(self, names: set[str]) -> bool:
        return any(self.name == name or self.name.startswith(f"{name}.") for name in names)

    def calls(self) -> Iterator[str]:
        """The last part of the name of everything that is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Attribute):
                    yield node.func.attr
                elif isinstance(node.func, ast.Name):
                    yield node.func.id


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        tree = ast.parse(path.read_bytes(), path)
        found.append(Module(name, tree, frozenset(_imports(tree))))
    return tuple(found)


def _imports(tree: ast.Module) -> Iterator[str]:
    """Modules, and for `from package import module` the module: what can't be told apart counts as a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            own = {name for name in names if _is_module(name)}
            yield from own
            if names - own:
                yield node.module


def _is_module(name: str) -> bool:
    if not name.startswith("devstral_ls."):
        return False
    path = ROOT.joinpath(*name.split(".")[1:])
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_packages_import_only_what_lies_below_them() -> None:
    wrong = []
    for module in modules():
        for name in module.imports:
            other = name.split(".")[1] if name.startswith("devstral_ls.") else None
            if other and other != module.package and other not in MAY_USE[module.package]:
                wrong.append(f"{module.name} imports {name}")
    assert wrong == []


def test_every_package_has_its_place_and_no_two_need_each_other() -> None:
    assert {module.package for module in modules()} - {""} == set(MAY_USE)
    order = list(TopologicalSorter(MAY_USE).static_order())
    assert order.index("edits") < order.index("workspace") < order.index("tools") < order.index("agent")
    assert order.index("agent") < order.index("server") < order.index("cli")


def test_of_some_packages_only_messages_and_ports_are_known() -> None:
    wrong = [
        f"{module.name} imports {name}"
        for module in modules()
        for (package, other), allowed in ONLY_FROM.items()
        for name in module.imports
        if module.package == package and name.startswith(f"devstral_ls.{other}") and name not in allowed
    ]
    assert wrong == []


def test_each_library_has_its_owner() -> None:
    wrong = [
        f"{module.name} imports {name}"
        for module in modules()
        for name in module.imports
        if (owners := OWNERS.get(name.split(".")[0])) is not None and not module.is_one_of(owners)
    ]
    assert wrong == []


def test_edits_and_the_wire_do_no_io() -> None:
    pure = {"edits", "llm.wire", "llm.sse", "llm.reply", "llm.messages"}
    doors = {"os", "pathlib", "socket", "asyncio", "threading", "time", "httpx", "httpx2", "logging"}
    wrong = [
        f"{module.name} imports {name}"
        for module in modules()
        for name in module.imports
        if module.is_one_of(pure) and name.split(".")[0] in doors
    ]
    assert wrong == []


def test_only_those_who_run_commands_and_the_search_start_processes() -> None:
    wrong = [
        f"{module.name} calls {name}"
        for module in modules()
        for name in module.calls()
        if name in SPAWNING and not module.is_one_of(OWNERS["subprocess"])
    ]
    assert wrong == []


def test_nobody_else_writes_to_disk() -> None:
    wrong = [
        f"{module.name} calls {name}"
        for module in modules()
        for name in module.calls()
        if name in WRITING and not module.is_one_of(WRITERS)
    ]
    assert wrong == []


def test_standard_output_belongs_to_the_terminal_or_the_protocol() -> None:
    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            prints = isinstance(node, ast.Name) and node.id == "print"
            takes = isinstance(node, ast.Attribute) and node.attr in ("stdout", "__stdout__") and _is_sys(node.value)
            if prints or (takes and not module.is_one_of({"cli", "scripted.__main__", "server.transport"})):
                wrong.append(f"{module.name}: {ast.unparse(node)}")
    assert wrong == []


def _is_sys(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "sys"


def test_the_process_never_changes_its_directory() -> None:
    assert [module.name for module in modules() if "chdir" in module.calls()] == []


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    """Libraries that only some runs need are imported inside functions."""
    late = {"openai", "watchdog", "rich", "httpx2", "pygments", "tree_sitter", "tree_sitter_bash"}
    wrong = []
    for module in modules():
        if module.is_one_of({"cli", "config"}):
            continue
        for node in module.tree.body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [f"{module.name} imports {name}" for name in names if name.split(".")[0] in late]
    assert wrong == []
