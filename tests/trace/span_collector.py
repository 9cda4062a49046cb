"""An OTLP/HTTP collector on a real socket: takes protobuf, as the specification says."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class SpanCollector:
    """What was received. `status` is what is answered; `pause` seconds go by before it is."""

    def __init__(self, status: int = 200, pause: float = 0) -> None:
        self.status = status
        self.pause = pause
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.came = threading.Condition()
        self.url = ""

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        request = ExportTraceServiceRequest.FromString(body)
        with self.came:
            self.headers.append(headers)
            for group in request.resource_spans:
                named = {a.key: a.value.string_value for a in group.resource.attributes}
                self.resources.append(named)
                self.spans += [span for scope in group.scope_spans for span in scope.spans]
            self.came.notify_all()

    def wait_for(self, title: str, seconds: float = 20) -> bool:
        """Wait until a span of that title came."""
        with self.came:
            return self.came.wait_for(lambda: title in {s.name for s in self.spans}, seconds)


@contextmanager
def collecting(status: int = 200, pause: float = 0) -> Iterator[SpanCollector]:
    collector = SpanCollector(status, pause)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(collector.pause)
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            zipped = self.headers.get("Content-Encoding") == "gzip"
            if collector.status == 200:
                collector.take(gzip.decompress(body) if zipped else body, dict(self.headers))
            self.send_response(collector.status)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()


def values(attributes: Any) -> dict[str, Any]:
    """Attributes of a received span as plain values."""
    found: dict[str, Any] = {}
    for attribute in attributes:
        kind = attribute.value.WhichOneof("value")
        value = getattr(attribute.value, kind)
        found[attribute.key] = (
            [item.string_value for item in value.values] if kind == "array_value" else value
        )
    return found
