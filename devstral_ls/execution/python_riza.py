"""Python code at Riza's Code Interpreter API: it sees nothing of this machine, and nothing it writes comes back.

The key is sent to Riza and is nowhere else: not in the environment of any process started here, nor in an error.
"""

from __future__ import annotations

import asyncio
import importlib.util
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devstral_ls.allowed_hosts import AllowedHosts
from devstral_ls.errors import CommandRefused
from devstral_ls.execution.approve import Approve
from devstral_ls.execution.output import Collected
from devstral_ls.execution.rungs import RIZA
from devstral_ls.execution.shown import shown
from devstral_ls.execution.staged_run import denied
from devstral_ls.tools.commands import Told
from devstral_ls.tools.python import PythonResult
from devstral_ls.workspace.view import View

if TYPE_CHECKING:
    from rizaio import AsyncRiza

KEY, BASE_URL = "RIZA_API_KEY", "RIZA_BASE_URL"
GRACE_SECONDS = 15.0
"""How long the answer may take after the code's own time is over."""

APART = "It ran at Riza, without the workspace; files it wrote are lost"


@dataclass(frozen=True, slots=True)
class RizaPython:
    """Implements `tools.python.Python`. environ: where key and address are looked for."""

    approve: Approve
    allowed: AllowedHosts
    environ: Mapping[str, str]

    async def run(self, code: str, timeout: float, view: View, told: Told | None = None) -> PythonResult:
        """As Riza answers it. Raises CommandRefused where the package or the key is missing, or Riza says no."""
        key = self._key()
        if not await self.approve(code, view.roots[0], RIZA):
            raise denied("code")
        from rizaio import APIConnectionError, APIStatusError, AsyncRiza, RizaError

        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout + GRACE_SECONDS):
                # Nothing is sent twice: code that was run may have done something.
                async with AsyncRiza(api_key=key, base_url=self.environ.get(BASE_URL) or None, max_retries=0) as riza:
                    answer = await self._answer(riza, code, timeout)
        except TimeoutError:
            return PythonResult("none", time.monotonic() - started, None, "", "", timed_out=True, notes=(APART,))
        except APIStatusError as error:
            raise CommandRefused(_refusal(error.status_code, _reason(error.body), key)) from None
        except APIConnectionError:
            raise CommandRefused("Riza can't be reached, so the code was not executed. Tell the user.") from None
        except RizaError as error:
            raise CommandRefused(f"Riza gave no usable answer: {_line(str(error), key)}") from None
        return _result(answer)

    async def _answer(self, riza: AsyncRiza, code: str, timeout: float) -> Any:
        limits: Any = {"execution_timeout": max(1, int(timeout))}
        hosts = dict.fromkeys(entry.host for entry in self.allowed.entries)
        if not hosts:
            return await riza.command.exec(code=code, language="python", limits=limits, timeout=timeout + GRACE_SECONDS)
        http: Any = {"allow": [{"host": host} for host in hosts]}
        return await riza.command.exec(
            code=code, language="python", limits=limits, http=http, timeout=timeout + GRACE_SECONDS
        )

    def _key(self) -> str:
        if importlib.util.find_spec("rizaio") is None:
            raise CommandRefused(
                "The code was not executed: execution.python.backend is riza, and its package is missing. Tell the "
                "user: pip install 'devstral-ls[riza]'"
            )
        key = (self.environ.get(KEY) or "").strip()
        if not key:
            raise CommandRefused(
                "The code was not executed: execution.python.backend is riza, and there is no key. Tell the user to "
                f"set {KEY} in the environment of devstral-ls."
            )
        return key


def _result(answer: Any) -> PythonResult:
    """What Riza sent, as bounded and plain as what is run here. Whatever is missing in it counts as empty."""
    texts = []
    for name in ("stdout", "stderr"):
        collected = Collected()
        collected.feed(str(getattr(answer, name, None) or "").encode("utf-8", "surrogatepass"))
        texts.append(shown(collected, str)[0])
    code, milliseconds = getattr(answer, "exit_code", None), getattr(answer, "duration", None)
    if not isinstance(code, int):
        raise CommandRefused("Riza gave no usable answer: there is no exit code in it.")
    seconds = milliseconds / 1000 if isinstance(milliseconds, int | float) else 0.0
    return PythonResult(str(getattr(answer, "id", "none")), seconds, code, texts[0], texts[1], notes=(APART,))


def _refusal(status: int, reason: str, key: str) -> str:
    if status in (401, 403):
        return f"Riza refused the key, so the code was not executed. Tell the user to check {KEY}."
    if status == 429:
        return "Riza has had too many requests, so the code was not executed. Go on without it, or try later."
    return f"Riza answered {status}, so the code was not executed: {_line(reason, key)}"


def _reason(body: object) -> str:
    found = body.get("message") or body.get("error") if isinstance(body, Mapping) else body
    return str(found or "it gave no reason")


def _line(text: str, key: str) -> str:
    """One line of somebody else's words, without the key that they may repeat."""
    return " ".join(text.replace(key, "***").split())[:300]
