"""The tools the model is offered, in the order it sees them."""

from __future__ import annotations

from devstral_ls.tools.edit_file import EDIT_FILE
from devstral_ls.tools.exec_python import EXEC_PYTHON
from devstral_ls.tools.glob_files import GLOB_FILES
from devstral_ls.tools.grep_search import GREP_SEARCH
from devstral_ls.tools.list_directory import LIST_DIRECTORY
from devstral_ls.tools.read_file import READ_FILE
from devstral_ls.tools.run_command import RUN_COMMAND
from devstral_ls.tools.tool import Tool
from devstral_ls.tools.write_file import WRITE_FILE

TOOLS: tuple[Tool, ...] = (
    READ_FILE,
    WRITE_FILE,
    EDIT_FILE,
    LIST_DIRECTORY,
    GLOB_FILES,
    GREP_SEARCH,
    RUN_COMMAND,
    EXEC_PYTHON,
)
"""Never reordered or reworded between turns: the server's prefix cache depends on it."""
