"""One HTTP connection to the scripted server."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from devstral_ls.scripted import lm_studio, old_vllm, transformers
from devstral_ls.scripted.manners import Reply, frames, whole
from devstral_ls.scripted.pages import (
    About,
    error_body,
    get_page,
    has_model,
    no_tools,
    show_page,
    unknown_model,
    wrong_key,
)
from devstral_ls.scripted.rules import refusal
from devstral_ls.scripted.script import Answered, Answering, Turn
from devstral_ls.scripted.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Desk:
    """What every connection answers from. api_key: None demands no particular key."""

    about: About
    answering: Answering
    traffic: Traffic
    api_key: str | None


class Server(ThreadingHTTPServer):
    """An HTTP server whose connections find their desk."""

    desk: Desk


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def parse_request(self) -> bool:
        """As in the base class; a whole URL, as a proxy passes it on, is as good as its path (RFC 9112, 3.2.2)."""
        understood = super().parse_request()
        if understood:
            parts = urlsplit(self.path)
            self.path = parts.path if parts.scheme else self.path
        return understood

    def do_GET(self) -> None:
        if not self._key_accepted():
            return self._send_json(*wrong_key(self._about.manner))
        page = get_page(self._about, self.path)
        if page is None:
            return self._send_json(404, self._error(404, f"{self.path} not found"))
        return self._send_json(200, page)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(content)
        except ValueError as error:
            return self._send_json(400, self._error(400, f"the request body is not JSON: {error}"))
        if not self._key_accepted():
            return self._send_json(*wrong_key(self._about.manner))
        if self.path == "/v1/chat/completions":
            return self._chat(body)
        if self.path == "/api/show" and self._about.manner == "ollama":
            name = body.get("model") or body.get("name") or ""
            page = show_page(self._about, name)
            if page is None:
                return self._send_json(404, {"error": f"model '{name}' not found"})
            return self._send_json(200, page)
        return self._send_json(404, self._error(404, f"{self.path} not found"))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests are in `Traffic.requests`."""

    @property
    def _about(self) -> About:
        return self.server.desk.about

    def _chat(self, body: Any) -> None:
        number = self.server.desk.traffic.saw(body, self.headers.items())
        refused = self._refused(body)
        if refused is not None:
            return self._answer(refused)
        turn = self.server.desk.answering(body["messages"])
        if turn is None:
            return self._send_json(400, self._error(400, "the script has no turn left for this request"))
        if turn.error is not None:
            return self._fail(turn.error, streamed=bool(body.get("stream")))
        options = body.get("stream_options") or {}
        prompt_tokens = len(json.dumps(body["messages"])) // 4
        reply = Reply(
            turn,
            body["model"],
            number,
            prompt_tokens,
            bool(options.get("include_usage")),
            old_vllm.is_old(self._about.version),
            self._about.tools,
        )
        try:
            if body.get("stream"):
                self._stream(reply)
            else:
                self._reply(reply)
        except (_ClientGone, ConnectionError):
            self.server.desk.traffic.abandoned()
            self.close_connection = True

    def _refused(self, body: Any) -> Answered | None:
        """The answer to a request that gets no reply; None when it gets one."""
        about = self._about
        problem = refusal(body)
        if problem and about.manner == "transformers":
            if isinstance(body, Mapping) and transformers.crashes(body):
                return Answered(500, "Internal Server Error")
            return Answered(422, {"detail": problem})
        if problem:
            return Answered(400, self._error(400, problem))
        if not has_model(about, body["model"]):
            return Answered(*unknown_model(about, body["model"]))
        if body.get("tools") and not about.tools and (answer := no_tools(about, body["model"])) is not None:
            return Answered(*answer)
        if about.manner == "lmstudio" and (problem := lm_studio.refuses(body)):
            return Answered(400, self._error(400, problem))
        return None

    def _fail(self, error: Answered, *, streamed: bool) -> None:
        """An error in place of a reply. Some servers have begun to answer by the time they find out."""
        events = {"lmstudio": lm_studio.error_event, "transformers": transformers.error_event}
        event = events.get(self._about.manner)
        if event is None or not streamed or error.status in (401, 404):
            return self._answer(error)
        text = error.body if isinstance(error.body, str) else _message(error.body)
        return self._answer(Answered(200, event(text), {"Content-Type": "text/event-stream; charset=utf-8"}))

    def _stream(self, reply: Reply) -> None:
        turn = reply.turn
        made = frames(self._about.manner, reply)
        silent = turn.hang and not (turn.text or turn.reasoning or turn.calls or turn.raw)
        if silent:
            # Not even the headers: what a server does while it reads a long prompt.
            self._wait_for_the_client_to_leave()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        # A cut reply with calls also loses the last piece of them.
        body = made.body[:-1] if turn.cut and turn.calls else made.body
        for frame in body:
            self._pause(turn)
            self._send_chunk(frame.encode())
        if turn.hang:
            self._wait_for_the_client_to_leave()
        if turn.cut:
            return self._cut()
        for frame in made.end:
            self._pause(turn)
            self._send_chunk(frame.encode())
        return self._send(b"0\r\n\r\n")

    def _reply(self, reply: Reply) -> None:
        turn = reply.turn
        if turn.hang:
            self._wait_for_the_client_to_leave()
        self._pause(turn)
        if turn.raw is not None:
            text = "".join(item if isinstance(item, str) else json.dumps(item) for item in turn.raw)
            return self._answer(Answered(200, text, {"Content-Type": "application/json"}))
        content = json.dumps(whole(self._about.manner, reply), ensure_ascii=False).encode()
        if turn.cut:
            self._send_head(200, "application/json", len(content))
            self._send(content[: len(content) // 2])
            return self._cut()
        self._send_head(200, "application/json", len(content))
        return self._send(content)

    def _pause(self, turn: Turn) -> None:
        if turn.delay and self._client_gone(turn.delay):
            raise _ClientGone

    def _wait_for_the_client_to_leave(self) -> None:
        while not self._client_gone(None):
            pass
        raise _ClientGone

    def _client_gone(self, timeout: float | None) -> bool:
        """Whether the client closes the connection within `timeout` seconds (None: however long it takes)."""
        readable, _, _ = select.select([self.connection], [], [], timeout)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def _cut(self) -> None:
        self.close_connection = True

    def _answer(self, answer: Answered) -> None:
        if isinstance(answer.body, str):
            content, kind = answer.body.encode(), "text/plain; charset=utf-8"
        else:
            content, kind = json.dumps(answer.body).encode(), "application/json"
        headers = dict(answer.headers)
        kind = next((headers.pop(name) for name in list(headers) if name.lower() == "content-type"), kind)
        self._send_head(answer.status, kind, len(content), headers)
        self._send(content)

    def _send_json(self, status: int, body: Any) -> None:
        self._answer(Answered(status, body))

    def _error(self, status: int, message: str) -> Any:
        return error_body(self._about.manner, status, message)

    def _send_head(self, status: int, kind: str, length: int, extra: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _send_chunk(self, content: bytes) -> None:
        self._send(b"%X\r\n%s\r\n" % (len(content), content))

    def _send(self, content: bytes) -> None:
        self.connection.sendall(content)

    def _key_accepted(self) -> bool:
        wanted = self.server.desk.api_key
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if wanted is not None:
            return scheme == "Bearer" and given == wanted
        return self._about.manner != "mistral" or (scheme == "Bearer" and given not in ("", "none"))


class _ClientGone(Exception):
    """The client closed the connection during a reply."""


def _message(body: Any) -> str:
    """The words of an error, wherever its author put them."""
    while isinstance(body, Mapping):
        body = next((body[key] for key in ("error", "message", "detail") if key in body), "")
    return str(body)
