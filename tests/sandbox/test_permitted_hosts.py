"""Network by permission: named hosts through the proxy, nothing else, and all of it in the log."""

import contextlib
import errno
import http.server
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from ohgw_tools.errors import InputError
from ohgw_tools.isolation import connect_proxy
from ohgw_tools.isolation.permitted_host import permitted
from ohgw_tools.sandbox import MIB, Limits

CLIENT = """
import http.client, os, socket, sys, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])

def ask(host, port):
    connection = http.client.HTTPConnection(proxy.hostname, proxy.port, timeout=20)
    connection.set_tunnel(host, port)
    try:
        connection.request("GET", "/data")
        return connection.getresponse().read().decode()
    except OSError as error:
        return str(error)
    finally:
        connection.close()

for target in sys.argv[1:]:
    host, _, port = target.rpartition(":")
    print(target, ask(host, int(port)))
"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"x" * 300_000 if self.path == "/large" else b"the data"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made.server_address[1]
        made.shutdown()


def run(place, program, *arguments, hosts):
    return place.sandbox.run(
        {"main.py": program.encode()},
        ("python", "main.py", *arguments),
        interpreter=place.interpreter,
        limits=Limits(wall_seconds=60, memory_bytes=512 * MIB, work_bytes=MIB, processes=32),
        allow_hosts=hosts,
    )


def test_a_permitted_host_is_reached_and_others_are_not(place, server):
    other = socket.create_server(("127.0.0.1", 0))
    closed = other.getsockname()[1]
    targets = [f"127.0.0.1:{server}", f"127.0.0.1:{closed}", "example.com:443"]
    done = run(place, CLIENT, *targets, hosts=(f"127.0.0.1:{server}",))
    other.close()
    lines = done.stdout.text.splitlines()
    assert done.ok, done.stderr.text
    assert lines[0] == f"{targets[0]} the data"
    assert "403" in lines[1]
    assert "403" in lines[2]
    assert done.isolation["network"] == "permitted hosts"
    assert {(r["host"], r["port"], r["result"]) for r in done.isolation["hosts"]} == {
        ("127.0.0.1", server, "allowed"),
        ("127.0.0.1", closed, "refused: not permitted"),
        ("example.com", 443, "refused: not permitted"),
    }


def test_there_is_no_other_way_out(place, server):
    program = f"""
import socket
for address in (("127.0.0.1", {server}), ("192.0.2.1", 443)):
    try:
        socket.create_connection(address, 2)
        print("LEAK", address)
    except OSError as error:
        print("closed")
try:
    socket.getaddrinfo("example.com", 443)
    print("LEAK dns")
except OSError:
    print("closed")
"""
    done = run(place, program, hosts=(f"127.0.0.1:{server}",))
    assert done.stdout.text == "closed\n" * 3
    assert done.isolation["hosts"] == []


def test_an_answer_reaches_a_program_that_has_ended_its_question(place):
    program = """
import os, socket, sys, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
with socket.create_connection((proxy.hostname, proxy.port), 20) as door:
    door.sendall(f"CONNECT {sys.argv[1]} HTTP/1.1\\r\\n\\r\\n".encode())
    assert b" 200 " in door.recv(4096)
    door.sendall(b"question")
    door.shutdown(socket.SHUT_WR)
    print(b"".join(iter(lambda: door.recv(4096), b"")).decode())
"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)

        def answer():
            with listener.accept()[0] as server:
                server.sendall(everything(server).upper())

        threading.Thread(target=answer, daemon=True).start()
        target = f"127.0.0.1:{listener.getsockname()[1]}"
        done = run(place, program, target, hosts=(target,))
    assert done.stdout.text == "QUESTION\n", done.stderr.text


def test_the_program_does_not_notice_the_door(place, server):
    program = """
import os
assert sorted(int(n) for n in os.listdir("/proc/self/fd"))[:3] == [0, 1, 2]
assert len(os.listdir("/proc/self/fd")) == 4, os.listdir("/proc/self/fd")
try:
    os.wait()
    print("a child")
except ChildProcessError:
    print("none")
assert "HF_HUB_OFFLINE" not in os.environ
raise SystemExit(3)
"""
    done = run(place, program, hosts=(f"127.0.0.1:{server}",))
    assert (done.stdout.text, done.exit_code) == ("none\n", 3), done.stderr.text


def test_without_permission_there_is_no_door(place):
    done = place.run("import os; print([n for n in os.environ if 'proxy' in n.lower()])")
    assert done.stdout.text == "[]\n"
    assert done.isolation["network"] == "none"
    assert "hosts" not in done.isolation


def test_an_unreadable_host_is_refused(place):
    with pytest.raises(InputError, match="allowed host"):
        run(place, "pass", hosts=("http://example.com/x",))


@pytest.fixture
def proxy(server):
    with connect_proxy.serving(
        (f"localhost:{server}", "*.example.com", "example.org:8443")
    ) as made:
        yield made


def ask(proxy, head):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(proxy.path))
        client.settimeout(20)
        client.sendall(head)
        return client.recv(4096)


def test_bytes_pass_both_ways(proxy, server):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(proxy.path))
        client.settimeout(20)
        client.sendall(f"CONNECT localhost:{server} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"GET /large HTTP/1.0\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.endswith(b"x" * 300_000)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(20)
        yield made


@contextlib.contextmanager
def through(listener, said=b""):
    """Both ends of a connection through the proxy, with `said` behind the request."""
    port = listener.getsockname()[1]
    with (
        connect_proxy.serving((f"localhost:{port}",)) as made,
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.settimeout(20)
        client.connect(str(made.path))
        client.sendall(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode() + said)
        with listener.accept()[0] as server:
            server.settimeout(20)
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            yield client, server


def everything(side):
    return b"".join(iter(lambda: side.recv(65536), b""))


def test_an_answer_comes_after_the_question_has_ended(listener):
    with through(listener) as (client, server):
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        assert everything(server) == b"question"
        server.sendall(b"answer")
        server.shutdown(socket.SHUT_WR)
        assert everything(client) == b"answer"


def test_a_question_goes_on_after_the_answer_has_ended(listener):
    with through(listener) as (client, server):
        server.shutdown(socket.SHUT_WR)
        assert everything(client) == b""
        client.sendall(b"more")
        client.shutdown(socket.SHUT_WR)
        assert everything(server) == b"more"


def test_what_was_said_behind_the_request_is_passed_on(listener):
    with through(listener, b"early") as (client, server):
        client.shutdown(socket.SHUT_WR)
        assert everything(server) == b"early"


def test_nothing_is_lost_to_a_slow_reader(listener):
    content = os.urandom(1 << 20) * 16
    with through(listener) as (client, server):
        sender = threading.Thread(target=client.sendall, args=(content,), daemon=True)
        sender.start()
        server.sendall(b"the other way is open")
        assert client.recv(100) == b"the other way is open"
        received = bytearray()
        while len(received) < len(content):
            received += server.recv(65536)
        sender.join()
    assert received == content


def test_a_client_that_goes_away_ends_the_connection(listener):
    with through(listener) as (client, server):
        client.close()
        assert everything(server) == b""
        # The server says nothing more and keeps its side open: its place is free all the same.
        wait_for(lambda: threads_named("_serve") == 0)


def test_the_proxy_outlives_a_want_of_descriptors(proxy, monkeypatch):
    refuse = iter([OSError(errno.EMFILE, "Too many open files"), OSError(errno.ECONNABORTED, "")])
    accept = socket.socket.accept

    def accepting(self):
        problem = next(refuse, None)
        if problem is not None:
            raise problem
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", accepting)
    for _ in range(3):
        assert ask(proxy, b"CONNECT example.com:443 HTTP/1.1\r\n\r\n").split()[1] == b"403"


def test_too_many_connections_at_once_are_on_record(proxy):
    with contextlib.ExitStack() as stack:
        for _ in range(80):
            stack.enter_context(socket.socket(socket.AF_UNIX)).connect(str(proxy.path))
        refused = "refused: too many connections at once"
        wait_for(lambda: sum(r["count"] for r in proxy.log if r["result"] == refused) == 16)
    assert ask(proxy, b"CONNECT example.com:443 HTTP/1.1\r\n\r\n").split()[1] == b"403"


def threads_named(word):
    return sum(word in thread.name for thread in threading.enumerate())


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET http://localhost/ HTTP/1.1\r\n\r\n", b"405"),
        (b"CONNECT localhost:1 HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT example.org:443 HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT a.example.com.evil.test:443 HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT evil-example.com:443 HTTP/1.1\r\n\r\n", b"403"),
        (b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n", b"405"),
        (b"CONNECT local\r\nhost:443 HTTP/1.1\r\n\r\n", b"405"),
    ],
)
def test_requests_that_are_refused(proxy, head, status):
    assert ask(proxy, head).split()[1] == status
    assert all(row["result"].startswith("refused") for row in proxy.log)


def test_a_permitted_name_that_leads_home_is_refused(proxy, monkeypatch, server):
    """DNS rebinding: a public name must not be a way to this machine or its private network."""

    def resolve(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", server))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert ask(proxy, b"CONNECT cdn.example.com:443 HTTP/1.1\r\n\r\n").split()[1] == b"502"
    assert proxy.log[0]["result"].startswith("failed")


def test_a_head_without_end_is_dropped(proxy):
    try:
        answer = ask(proxy, b"CONNECT " + b"x" * 20_000)
    except ConnectionResetError:
        answer = b""
    assert answer == b""
    assert proxy.log == []


def test_the_log_is_bounded(proxy):
    for number in range(250):
        ask(proxy, f"CONNECT h{number}.test:443 HTTP/1.1\r\n\r\n".encode())
    assert len(proxy.log) == 201
    assert sum(row["count"] for row in proxy.log) == 250


def test_nothing_is_left_when_it_closes(server):
    before = threading.active_count()
    with connect_proxy.serving((f"localhost:{server}",)) as made:
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(made.path))
        client.sendall(f"CONNECT localhost:{server} HTTP/1.1\r\n\r\n".encode())
        assert client.recv(100)
        directory = Path(made.path).parent
        assert directory.stat().st_mode & 0o077 == 0
        assert directory.stat().st_uid == os.geteuid()
    client.close()
    assert not directory.exists()
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize(
    ("text", "host", "port", "covered"),
    [
        ("huggingface.co", "huggingface.co", 443, True),
        ("HuggingFace.co", "huggingface.co", 443, True),
        ("huggingface.co", "huggingface.co", 80, False),
        ("huggingface.co", "cdn.huggingface.co", 443, False),
        ("*.huggingface.co", "cdn.huggingface.co", 443, True),
        ("*.huggingface.co", "huggingface.co", 443, False),
        ("*.huggingface.co:8443", "a.b.huggingface.co", 8443, True),
        ("10.0.0.1:99", "10.0.0.1", 99, True),
    ],
)
def test_what_a_permission_covers(text, host, port, covered):
    assert permitted(text).covers(host, port) is covered


@pytest.mark.parametrize(
    "text",
    ["", "*", "*.com", "a b", "host:0", "host:99999", "host:x", "a..b", "-a", "x/y", "ho\0st"],
)
def test_permissions_that_cannot_be_read(text):
    with pytest.raises(InputError, match="allowed host"):
        permitted(text)
