"""Riza's endpoint, scripted: it answers executions in turn, over HTTP, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "riza-sesame"


@dataclass(frozen=True)
class Answer:
    """One answer. wait: it comes only when the double ends."""

    status: int = 200
    body: Any = None
    wait: bool = False


def executed(stdout: str = "", stderr: str = "", exit_code: int = 0, duration: int = 12, id: str = "01HXYZ") -> Answer:
    """What Riza says of code that was executed. duration: milliseconds."""
    body = {"id": id, "duration": duration, "exit_code": exit_code, "stdout": stdout, "stderr": stderr}
    return Answer(body=body)


@dataclass
class Riza:
    """requests: the bodies of executions, in turn."""

    answers: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def riza(*answers: Answer) -> Iterator[Riza]:
    """The endpoint, strict: another path, key or kind of body than the API has is an error that the client sees."""
    made = Riza(list(answers))

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.requests.append(body)
            made.asked.set()
            answer = self._judged(body) or made.answers.pop(0)
            if answer.wait:
                made.over.wait()
                return
            data = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _judged(self, body: dict[str, Any]) -> Answer | None:
            if self.path != "/v1/execute":
                return Answer(404, {"message": f"no such path: {self.path}"})
            given = self.headers["Authorization"]
            if given != f"Bearer {KEY}":
                return Answer(401, {"message": f"bad key: {given}"})
            wanted = {"code": str, "language": str, "limits": dict, "http": dict}
            wrong = [name for name in body if not isinstance(body[name], wanted.get(name, type(None)))]
            if wrong or body.get("language") != "python" or "code" not in body:
                return Answer(400, {"message": f"bad request: {wrong}"})
            return None

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            made.over.set()
            server.shutdown()
            thread.join()
