import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scripted_server import ScriptedServer

AMBIENT = (
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID",
    "LANGSMITH_TRACING", "LANGSMITH_API_KEY", "LANGSMITH_GATEWAY", "LANGSMITH_ENDPOINT",
    "LANGCHAIN_TRACING_V2", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy",
    "all_proxy",
)  # fmt: skip


@pytest.fixture
def server():
    """Make scripted servers; each must have been asked exactly what its script says."""
    made = []

    def make(script=("ok",), **options):
        made.append(ScriptedServer(script, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    for one in made:
        one.assert_done()


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Any other address is an error, in place of a hang or a leak; it is also noted, because a
    client's background thread would swallow the error.
    """
    tried = []
    real_connect, real_resolve = socket.socket.connect, socket.getaddrinfo

    def check(host):
        if host not in ("127.0.0.1", "::1", "localhost"):
            tried.append(host)
            raise OSError(f"a test tried to reach {host!r}")

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            check(address[0])
        return real_connect(self, address)

    def resolve(host, *rest, **options):
        check(host)
        return real_resolve(host, *rest, **options)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in AMBIENT:
        monkeypatch.delenv(name, raising=False)
    yield tried
    assert not tried, f"reached out to {tried}"
