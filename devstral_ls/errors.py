"""Every error raised on purpose, as one tree that says who reads it.

Three readers exist. The model reads `ForModel` and corrects itself; the user reads `ForUser`, one line that says what
to do next; everything else is a bug, logged with its traceback while the run ends cleanly.
"""

from __future__ import annotations


class DevstralError(Exception):
    """The root. `str(error)` is the text its reader gets."""


# ---------------------------------------------------------------------------------------------- read by the model


class ForModel(DevstralError):
    """A tool call that could not be served; the text says what the model should do instead."""


class InvalidArguments(ForModel):
    """The call's arguments don't fit the tool's parameters."""


class PathRefused(ForModel):
    """The path leaves the workspace, or names something tools may not touch."""


class SecretRefused(PathRefused):
    """The file holds secrets, and the user did not allow tools to read it."""


class NotFound(ForModel):
    """No such file or directory in the view."""


class NotText(ForModel):
    """The file is binary, unreadable or too large to be shown."""


class EditRefused(ForModel):
    """The edit does not apply: not found, ambiguous, stale, or without effect."""


class TextNotFound(EditRefused):
    """The text to replace is not in the file."""


class SearchFailed(ForModel):
    """The search could not run: a bad regular expression or glob."""


class CommandRefused(ForModel):
    """The command may not run: the user said no, or it can't be started."""


class CommandDenied(CommandRefused):
    """The user said no, or nobody did say yes."""


# ----------------------------------------------------------------------------------------------- read by the user


class ForUser(DevstralError):
    """One line for the user, with what to do next."""


class InvalidSetting(ForUser):
    """A setting has a wrong type or value; the default is used."""


class InvalidRequest(ForUser):
    """A command's arguments have the wrong shape (answered as JSON-RPC -32602)."""


class RequestRefused(ForUser):
    """A well-formed request that can't be served now (answered as LSP RequestFailed, -32803)."""


class WorkspaceGone(ForUser):
    """The workspace folder was deleted or can't be read."""


class ModelError(ForUser):
    """The model server did not give a usable reply."""


class ServerUnreachable(ModelError):
    """Nothing answers at the base URL, or the connection broke."""


class KeyRejected(ModelError):
    """The API key is missing or wrong (401, 403)."""


class ModelNotFound(ModelError):
    """The server does not have the model."""


class ContextExceeded(ModelError):
    """The conversation is longer than the model's context window."""


class ImagesRefused(ModelError):
    """The model can't see images, or its server takes none."""


class ServerBusy(ModelError):
    """Rate limit or overload that outlasted the retries."""


class ReplyBroken(ModelError):
    """The reply ended early or can't be read."""


class RequestRejected(ModelError):
    """The server refused the request for another reason, quoted in the text."""


class ToolsUnsupported(RequestRejected):
    """The server can't call tools with this model."""
