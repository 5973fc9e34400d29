"""A model behind an OpenAI-compatible server. The only module that imports openai.

openai's client sends the request and classifies its failure; the reply is read by our own decoders, chunk by chunk as
it arrives, because servers disagree with the types that openai would parse it into.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from devstral_ls import __version__
from devstral_ls.config_llm import LlmConfig
from devstral_ls.errors import RequestRejected
from devstral_ls.llm.backend import Part, Reply, Request, RequestSent, Retrying
from devstral_ls.llm.canonical import RequestEncoder
from devstral_ls.llm.failures import Failed, Failures
from devstral_ls.llm.faults import classify
from devstral_ls.llm.http import open_client, route_to
from devstral_ls.llm.limit import within_limit
from devstral_ls.llm.recorder import NoTape, Recorder, Tape
from devstral_ls.llm.reply_reader import LostConnection, read_reply
from devstral_ls.llm.retry import FIRST_DELAY, delay_before
from devstral_ls.llm.secrets import Secrets
from devstral_ls.llm.servers import Kind, without_userinfo

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

TEMPERATURE = 0.15
"""What Devstral is made for."""

JSON_FORMS: tuple[dict[str, Any], ...] = (
    {"type": "json_object"},
    {"type": "json_schema", "json_schema": {"name": "object", "schema": {"type": "object"}}},
)
"""How servers are told to write one JSON object; the second is for LM Studio, which refuses the first."""

_LIST_TIMEOUT = 5.0
# openai adds headers of its own and takes others from OPENAI_* variables that are meant for another server.
_HEADERS = frozenset({"host", "accept-encoding", "connection", "content-length", "transfer-encoding"})


def preload() -> None:
    """Import the client library, which takes a third of a second. Call it in a thread."""
    import openai  # noqa: F401


class OpenAiBackend:
    """One model of one server. Connections are kept between requests; `aclose` ends them.

    base_url: normalised, with its `/v1`. api_key: None sends none. kind: what the server is, for better advice in
    errors; the port tells where it isn't given. streams_calls: False for a server that loses calls while it streams
    them; replies that may hold calls are then asked for in one piece. temperature: for where the settings have none.
    recorder: told of every exchange. first_delay: seconds before the first retry, doubled for the next.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None,
        config: LlmConfig,
        *,
        kind: Kind | None = None,
        streams_calls: bool = True,
        temperature: float = TEMPERATURE,
        recorder: Recorder | None = None,
        first_delay: float = FIRST_DELAY,
    ) -> None:
        self._base_url = base_url
        self._model = model
        self._api_key = api_key
        self._config = config
        self._route = route_to(base_url, config)
        self._secrets = Secrets(base_url, api_key, self._route.secrets)
        self._failures = Failures(base_url, model, kind, config, self._secrets, proxied=self._route.proxy is not None)
        self.streams_calls = streams_calls
        self._temperature = temperature if config.temperature is None else config.temperature
        self._json_forms = list(JSON_FORMS)
        self._recorder: Recorder = recorder or NoTape()
        self._first_delay = first_delay
        self._encoder = RequestEncoder()
        self._include_usage = True
        self._client: AsyncOpenAI | None = None
        self._opening = asyncio.Lock()

    @property
    def model(self) -> str:
        """The model's name as the server knows it."""
        return self._model

    @property
    def takes_json_mode(self) -> bool:
        """False once the server has refused every form of JSON mode."""
        return bool(self._json_forms)

    async def warm_up(self) -> None:
        """Load the client library, so that the first request doesn't have to. Never blocks the event loop for long."""
        await self._open()

    async def aclose(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """Parts of the reply as they arrive, a `Reply` last. Raises ModelError.

        A failure before the first part of the reply is tried again, announced by `Retrying`. A reply that breaks off
        later is returned with what was received: finish "incomplete", flag "connection_lost".
        """
        attempt, streamed = 1, self.streams_calls or not request.tools
        while True:
            yield RequestSent()
            begun = False
            try:
                async with aclosing(self._attempt(request, streamed=streamed)) as parts:
                    async for part in parts:
                        if streamed and not begun and isinstance(part, Reply) and _was_swallowed(part):
                            break
                        begun = True
                        yield part
                    else:
                        return
            except Failed as failed:
                if failed.at_once:
                    continue
                attempt += 1
                delay = delay_before(attempt, failed.headers, self._first_delay) if failed.retryable else None
                if delay is None:
                    raise failed.error from failed.__cause__
                yield Retrying(str(failed.error), delay)
                await asyncio.sleep(delay)
            else:
                # Some servers lose a call while they stream it, and never otherwise.
                streamed = False
                yield Retrying("The server lost its own reply; asking again without streaming.", 0.0, lost=True)

    async def _attempt(self, request: Request, *, streamed: bool) -> AsyncGenerator[Part, None]:
        """One request and its reply. Raises Failed, only before the first part."""
        limit = min(request.max_tokens or self._config.max_tokens, self._config.max_tokens)
        body = self._encoder.encode(
            request,
            model=self._model,
            temperature=self._temperature,
            max_tokens=limit,
            stream=streamed,
            include_usage=self._include_usage,
            response_format=next(iter(self._json_forms), None) if request.json else None,
        )
        tape = self._recorder.begin(body)
        try:
            response = await self._post(body, tape)
            begun = False
            try:
                reading = read_reply(response, request, tape.received, self._config.idle_timeout)
                async with aclosing(reading) as parts:
                    async for part in parts:
                        if isinstance(part, Reply):
                            part = self._checked(part, limit, begun=begun)
                        begun = True
                        yield part
            except LostConnection as error:
                raise self._failures.unanswered(error.__cause__ or error) from error
            finally:
                # Without this the server would go on generating for nobody.
                await response.aclose()
        finally:
            tape.end()

    def _checked(self, reply: Reply, limit: int, *, begun: bool) -> Reply:
        """The reply as it is to be understood. Raises Failed for an error frame that stands in its place."""
        if reply.finish == "error" and reply.error and not begun:
            raise self._failures.reported(classify(None, reply.error))
        if reply.error:
            # The server's words, which may quote what we sent.
            reply = replace(reply, error=self._secrets.hidden(reply.error))
        return within_limit(reply, limit)

    async def _post(self, body: bytes, tape: Tape) -> httpx2.Response:
        """The answer to a chat completion, its body unread. Raises Failed."""
        import httpx2
        import openai

        client = await self._open()
        try:
            # openai types a stream as its own; asked for a response, it gives the response, unread.
            response = cast(
                "httpx2.Response",
                await client.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    content=body,
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                ),
            )
        except openai.APIStatusError as error:
            tape.answered(error.response.status_code, error.response.headers.get("content-type", ""))
            tape.received(error.response.content)
            failed = await self._refused(error.response.status_code, error.response.text, error.response.headers)
            raise failed from None
        except openai.APIConnectionError as error:
            raise self._failures.unanswered(error.__cause__ or error) from error
        except httpx2.HTTPError as error:  # while the body of an error was read
            raise self._failures.unanswered(error) from error
        tape.answered(response.status_code, response.headers.get("content-type", ""))
        return response

    async def _open(self) -> AsyncOpenAI:
        async with self._opening:
            if self._client is None:
                # The import takes a third of a second; in a thread, the editor doesn't notice.
                self._client = await asyncio.to_thread(self._make_client)
            return self._client

    def _make_client(self) -> AsyncOpenAI:
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            base_url=without_userinfo(self._base_url),
            api_key=self._api_key or "none",
            max_retries=0,
            http_client=open_client(
                self._base_url,
                connect_timeout=self._config.connect_timeout,
                answer_timeout=self._config.prompt_timeout,
                route=self._route,
                event_hooks={"request": [self._set_headers]},
            ),
        )

    async def _set_headers(self, request: httpx2.Request) -> None:
        """Send our headers and no others: no key, organisation or custom header of OPENAI_* reaches this server."""
        # A name and password in the base URL have become a header by now.
        own = _HEADERS | {"authorization"} if "@" in self._base_url else _HEADERS
        for name in list(request.headers):
            if name.lower() not in own:
                del request.headers[name]
        request.headers["Accept"] = "text/event-stream, application/json"
        request.headers["Content-Type"] = "application/json"
        request.headers["User-Agent"] = f"devstral-ls/{__version__}"
        if self._api_key:
            request.headers["Authorization"] = f"Bearer {self._api_key}"
        request.headers.update(self._route.headers)

    async def _refused(self, status: int, body: str, headers: Mapping[str, str]) -> Failed:
        """The failure of a request that was answered with an HTTP error."""
        if self._include_usage and 400 <= status < 500 and ("stream_options" in body or "include_usage" in body):
            self._include_usage = False
            return Failed(RequestRejected("The server takes no stream_options."), at_once=True)
        if self._json_forms and 400 <= status < 500 and "response_format" in body:
            # Servers know different forms of "an object"; without any, the model is still told in words.
            del self._json_forms[0]
            return Failed(RequestRejected("The server takes no such response_format."), at_once=True)
        fault = classify(status, body)
        models = await self._models() if fault.kind == "model_not_found" else []
        return self._failures.refused(fault, status, headers, models)

    async def _models(self) -> list[str]:
        """The models the server lists; none when it doesn't."""
        import httpx2
        import openai

        try:
            client = await self._open()
            response = await client.get("/models", cast_to=httpx2.Response, options={"timeout": _LIST_TIMEOUT})
            return [str(entry["id"]) for entry in response.json()["data"]]
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, KeyError, TypeError):
            return []  # it only would have made the message better


def _was_swallowed(reply: Reply) -> bool:
    """Whether the server counts tokens of a reply that it didn't send."""
    return "empty_response" in reply.flags and reply.usage is not None and reply.usage.completion_tokens > 5
