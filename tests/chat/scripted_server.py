"""A scripted OpenAI-compatible server on a real loopback socket.

The client under test is the real one (ChatOpenAI, openai, its HTTP client, TCP), so that retries,
time-outs, Retry-After, streams, keep-alive, hang-ups and error bodies are the real code paths, in
this process and in a command line started as another one. Standard library only.

    with ScriptedServer(["text", Say(json={...}), Fail(429, retry_after=0.2), "ok"]) as server:
        OpenAIChat("m", base_url=server.url).ask(question)
        server.requests[0].body["messages"]

A script is a list, one step a request in order (running out is a fault that `assert_done` reports),
or a function of the Request. `python scripted_server.py CASSETTE` serves recorded answers.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VOLATILE = ("stream", "stream_options", "user", "metadata", "store")


@dataclass
class Request:
    """One request as it came; `at` is the monotonic clock, `connection` the client's port."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    connection: int

    @property
    def key(self) -> str:
        """SHA-256 over all that can change the answer."""
        stable = {k: v for k, v in self.body.items() if k not in VOLATILE}
        text = json.dumps(stable, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def text(self) -> str:
        """All messages as one text."""
        return "\n".join(str(m["content"]) for m in self.body["messages"])


@dataclass
class Say:
    """An answer. Times in seconds; `usage` is (tokens in, tokens out) or None; `cut_after` resets
    the connection after that many events of a stream; `keep_alive` sends so many comments first.
    """

    text: str = ""
    json: Any = None
    finish: str | None = "stop"
    usage: tuple[int, int] | None = (100, 20)
    delay: float = 0.0
    chunk_delay: float = 0.0
    cut_after: int | None = None
    close_after: int | None = None
    keep_alive: int = 0
    message: dict[str, Any] = field(default_factory=dict)

    @property
    def content(self) -> str:
        return json.dumps(self.json) if self.json is not None else self.text


@dataclass
class Fail:
    """An error: a status, or with `drop` a reset connection and no HTTP answer at all."""

    status: int = 500
    message: str | None = None
    retry_after: float | str | None = None
    drop: bool = False
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Raw:
    """Any bytes as a whole answer: a proxy's HTML page, half a JSON text."""

    data: bytes
    content_type: str = "application/json"
    status: int = 200


@dataclass
class Hang:
    """No answer for so many seconds, then a reset."""

    seconds: float = 30.0


Step = str | Say | Fail | Raw | Hang
Script = Sequence[Step] | Callable[[Request], Step]


class ScriptedServer:
    """Plays a script. `needs_key` makes it refuse other keys, as a real server would."""

    def __init__(
        self,
        script: Script = ("ok",),
        *,
        needs_key: str | None = None,
        cassette: Path | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.faults: list[str] = []
        self.tape = read_cassette(cassette) if cassette else None
        self._script = script if callable(script) else list(script)
        self._played = 0
        self._needs_key = needs_key
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        serve = {"poll_interval": 0.02}
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs=serve, daemon=True
        )
        self._thread.start()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving; hanging answers end."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def assert_done(self) -> None:
        """Fail if a request came that was not in the script, or one of the script did not come."""
        assert not self.faults, self.faults
        if not callable(self._script) and self.tape is None:
            left = len(self._script) - self._played
            assert not left, f"{left} scripted answers were never asked for"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one POST request."""
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length) or b"{}")
        headers = {k.lower(): v for k, v in handler.headers.items()}
        port = handler.client_address[1]
        request = Request(handler.path, headers, body, time.monotonic(), port)
        if handler.path != "/v1/chat/completions":
            return _json(handler, 404, error_body(f"no {handler.path}"))
        if self._needs_key and headers.get("authorization") != f"Bearer {self._needs_key}":
            said = f"Incorrect API key provided: {headers.get('authorization')}"
            return _json(handler, 401, error_body(said, "invalid_api_key"))
        step = self._next(request)
        step = Say(step) if isinstance(step, str) else step
        if isinstance(step, Hang):
            self._closing.wait(step.seconds)
            return _reset(handler)
        if isinstance(step, Raw):
            return _bytes(handler, step.status, step.data, {"Content-Type": step.content_type})
        if isinstance(step, Fail):
            return _fail(handler, step)
        self._closing.wait(step.delay) if step.delay else None
        number = len(self.requests)
        if request.body.get("stream"):
            return _stream(handler, request, step, number)
        return _complete(handler, request, step, number)

    def _next(self, request: Request) -> Step:
        with self._lock:
            self.requests.append(request)
            if self.tape is not None:
                return self._recorded(request)
            if callable(self._script):
                return self._script(request)
            if self._played >= len(self._script):
                self.faults.append(f"request {len(self.requests)} is not in the script")
                return Fail(400, "the script is over")
            self._played += 1
            return self._script[self._played - 1]

    def _recorded(self, request: Request) -> Step:
        assert self.tape is not None
        steps = self.tape.get(request.key)
        if not steps:
            self.faults.append(f"not recorded: {request.key}: {request.text[-300:]!r}")
            return Fail(404, f"not recorded: {request.key}")
        return steps.pop(0) if len(steps) > 1 else steps[0]


def read_cassette(path: Path) -> dict[str, list[Step]]:
    """Read recorded answers: JSON lines of {"key", "text", "finish"?, "usage"?}."""
    tape: dict[str, list[Step]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        usage = record.get("usage")
        say = Say(
            record["text"],
            finish=record.get("finish", "stop"),
            usage=tuple(usage) if usage else None,
        )
        tape.setdefault(record["key"], []).append(say)
    return tape


def error_body(message: str, code: str | None = None) -> dict[str, Any]:
    """The body that servers send with an error status."""
    return {"error": {"message": message, "type": "scripted", "param": None, "code": code}}


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536

        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            models = {"object": "list", "data": [{"id": "m", "object": "model"}]}
            _json(self, 200 if self.path == "/v1/models" else 404, models)

        def do_POST(self) -> None:
            try:
                server.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    return Handler


def _bytes(
    handler: BaseHTTPRequestHandler, status: int, data: bytes, headers: dict[str, str]
) -> None:
    handler.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(data))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)
    handler.wfile.flush()


def _json(
    handler: BaseHTTPRequestHandler,
    status: int,
    value: object,
    headers: dict[str, str] | None = None,
) -> None:
    data = json.dumps(value).encode()
    _bytes(handler, status, data, {"Content-Type": "application/json", **(headers or {})})


def _reset(handler: BaseHTTPRequestHandler) -> None:
    """Close with RST in place of a proper end."""
    handler.close_connection = True
    handler.wfile.flush()
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.rfile.close()


def _fail(handler: BaseHTTPRequestHandler, step: Fail) -> None:
    if step.drop:
        return _reset(handler)
    headers = dict(step.headers)
    if step.retry_after is not None:
        headers["Retry-After"] = str(step.retry_after)
    if step.body is not None:
        return _bytes(handler, step.status, step.body, headers)
    message = step.message or f"scripted {step.status}"
    return _json(handler, step.status, error_body(message), headers)


def _complete(handler: BaseHTTPRequestHandler, request: Request, step: Say, number: int) -> None:
    message = {"role": "assistant", "content": step.content, **step.message}
    choice = {"index": 0, "message": message, "finish_reason": step.finish}
    whole = {**_head(request, number, "chat.completion"), "choices": [choice]}
    if step.usage:
        whole["usage"] = _usage(step.usage)
    return _json(handler, 200, whole)


def _head(request: Request, number: int, kind: str) -> dict[str, Any]:
    model = request.body.get("model", "m")
    return {"id": f"chatcmpl-{number}", "created": 0, "model": model, "object": kind}


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return dict(zip(names, (*usage, sum(usage)), strict=True))


def _stream(handler: BaseHTTPRequestHandler, request: Request, step: Say, number: int) -> None:
    head = _head(request, number, "chat.completion.chunk")

    def event(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    events = [event({"role": "assistant", "content": "", **step.message})]
    events += [event({"content": p}) for p in re.findall(r".{1,16}", step.content, re.S)]
    if step.finish:
        events.append(event({}, step.finish))
    if step.usage and (request.body.get("stream_options") or {}).get("include_usage"):
        events.append({**head, "choices": [], "usage": _usage(step.usage)})
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(step.keep_alive):
        _chunk(handler, b": keep-alive\n\n")
        time.sleep(step.chunk_delay)
    for sent, one in enumerate(events):
        if step.cut_after is not None and sent >= step.cut_after:
            return _reset(handler)
        if step.close_after is not None and sent >= step.close_after:
            break
        _chunk(handler, f"data: {json.dumps(one)}\n\n".encode())
        time.sleep(step.chunk_delay)
    else:
        _chunk(handler, b"data: [DONE]\n\n")
    handler.wfile.write(b"0\r\n\r\n")
    handler.wfile.flush()


def _chunk(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    handler.wfile.flush()


def main(arguments: list[str]) -> None:
    """Serve a cassette until standard input ends; print the address."""
    with ScriptedServer(cassette=Path(arguments[0])) as server:
        print(json.dumps({"base_url": server.url}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
