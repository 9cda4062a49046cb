"""Every program in cases/ tries to get out, to stay, or to use more than it may.

The first line of each says what has to become of it. Programs judge from inside with lines that
start with LEAK or SAFE; what can only be seen from outside is judged here.
"""

import hashlib
import os
import re
import secrets
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ohgw_tools.isolation.capture import harmless
from ohgw_tools.errors import CouldNotLook
from ohgw_tools.sandbox import MIB, Limits

CASES = {path.stem: path.read_bytes() for path in sorted(Path(__file__).parent.glob("cases/*.py"))}
EXPECTED = {name: text[10:].decode().split(" — ")[0] for name, text in CASES.items()}
PLACES = [
    "bubblewrap",
    pytest.param("bubblewrap-ordinary-user", marks=pytest.mark.root),
    pytest.param("docker", marks=pytest.mark.docker),
]
AT_ONCE = 3
SHORT_WALL = {"timeout": 2.0}


def limits(name):
    return Limits(
        wall_seconds=SHORT_WALL.get(EXPECTED[name], 30),
        memory_bytes=512 * MIB,
        work_bytes=64 * MIB,
        work_inodes=8192,
        file_bytes=128 * MIB,
        artifact_bytes=16 * MIB,
        artifact_files=1000,
        output_bytes=1 * MIB,
        processes=128,
    )


class Canaries:
    """What a leak would show: a secret variable, two listeners, and files of the host."""

    def __init__(self):
        self.secret = f"canary-{secrets.token_hex(8)}"
        os.environ["OHGW_CANARY_SECRET"] = self.secret
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind("\0ohgw_canary")
        self.abstract.listen()
        self.hits = 0
        self.threads = [
            threading.Thread(target=self._serve, args=(listener,), daemon=True)
            for listener in (self.tcp, self.abstract)
        ]
        for thread in self.threads:
            thread.start()
        self.before = self.host_files()

    def _serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.hits += 1
            connection.sendall(b"HOST")
            connection.close()

    @staticmethod
    def host_files():
        paths = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/ld.so.cache", "/usr/bin/env"]
        return {
            path: (hashlib.sha256(Path(path).read_bytes()).hexdigest(), Path(path).stat().st_mode)
            for path in paths
        } | {path: sorted(os.listdir(path)) for path in ("/", "/etc", "/usr", "/opt", "/root")}

    def close(self):
        # A thread that still waits would take the connections of whoever gets this number next.
        for listener in (self.tcp, self.abstract):
            listener.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        for listener in (self.tcp, self.abstract):
            listener.close()
        del os.environ["OHGW_CANARY_SECRET"]


class Result:
    """One run with what was seen around it."""

    def __init__(self, place, name, port):
        nonce = secrets.token_hex(6)
        self.files = {f"main_{nonce}.py": CASES[name], "port.txt": str(port).encode()}
        start = time.monotonic()
        self.error = None
        try:
            self.execution = place.sandbox.run(
                self.files,
                ("python", f"main_{nonce}.py"),
                interpreter=place.interpreter,
                limits=limits(name),
            )
        except CouldNotLook as error:
            self.error = error
        self.seconds = time.monotonic() - start
        self.survivors = _with_argument(nonce)


def _with_argument(nonce):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if nonce.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.fixture(scope="session")
def results(request):
    """Run the selected cases of one sandbox, a few at once, when the first of them is asked for."""
    from sandbox_place import Place

    done = {}

    def of(place_name):
        if place_name not in done:
            wanted = {
                item.callspec.params["name"]
                for item in request.session.items
                if item.originalname == "test_contained"
                and item.callspec.params["place_name"] == place_name
            }
            done[place_name] = _run(Place(place_name), sorted(wanted))
        return done[place_name]

    return of


def _run(place, names):
    canaries = Canaries()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            port = canaries.tcp.getsockname()[1]
            futures = {name: pool.submit(Result, place, name, port) for name in names}
        found = {name: future.result() for name, future in futures.items()}
        after = place.run("print('well')")
    finally:
        canaries.close()
        place.close()
    return found, canaries, after


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("place_name", PLACES, scope="session")
def test_contained(results, place_name, name):
    found, _, _ = results(place_name)
    result = found[name]
    assert result.error is None
    execution = result.execution
    text = execution.stdout.text
    said = f"{execution.outcome} {execution.exit_code} {execution.signal} {execution.refused}\n"
    said += text[-1500:] + execution.stderr.text[-1500:]
    assert "LEAK" not in text, said
    assert not result.survivors
    assert result.seconds < limits(name).wall_seconds + 30
    for stream in (execution.stdout, execution.stderr):
        assert harmless(stream.text.encode()) == stream.text
        assert len(stream.text) < 5 * MIB
    assert sum(map(len, execution.artifacts.values())) <= limits(name).artifact_bytes
    assert len(execution.artifacts) <= limits(name).artifact_files
    assert not set(execution.artifacts) & set(result.files)
    _check_outcome(EXPECTED[name], execution, said)
    if name in FURTHER:
        FURTHER[name](execution)


def _check_outcome(expected, execution, said):
    outcome = (execution.outcome, execution.exit_code, execution.signal)
    code = re.fullmatch(r"(exited|signal)-(\d+)", expected)
    if expected in ("denied", "allowed", "bounded", "info", "no-core"):
        assert "SAFE" in execution.stdout.text, said
        assert outcome == ("exited", 0, None), said
    elif expected == "bounded-or-oom":
        assert execution.outcome == "memory" or "SAFE" in execution.stdout.text, said
    elif expected in ("timeout", "disk", "seccomp", "oom"):
        assert execution.outcome == {"oom": "memory"}.get(expected, expected), said
    elif expected == "truncated":
        assert execution.stdout.cut_bytes + execution.stderr.cut_bytes > 0, said
    elif expected == "error":
        assert outcome == ("signal", None, 11), said
    elif code and code[1] == "exited":
        assert outcome == ("exited", int(code[2]), None), said
    elif code:
        assert outcome == ("signal", None, int(code[2])), said
    elif expected == "contained":
        assert execution.outcome in ("exited", "signal"), said
        assert execution.artifacts == {}
    else:
        assert expected in ("safe-collect", "no-survivor", "ok", "sanitised", "data", "fail")
        wanted = 1 if expected == "data" else 0
        assert outcome == ("exited", wanted, None), said


def _refused(execution, *paths):
    for path in paths:
        assert path in execution.refused
        assert path not in execution.artifacts


def _links(execution):
    _refused(execution, "results.json", "figures", "metrics.json")
    assert set(execution.refused.values()) == {"a symbolic link"}


def _special_files(execution):
    _refused(execution, "results.json", "metrics.json")
    assert execution.refused["results.json"] == "a fifo"
    assert execution.refused["metrics.json"] == "a socket"


def _odd_names(execution):
    assert set(execution.artifacts) == {"-rf", "..hidden", "x" * 255, " ", "CON", "a:b"} | (
        {"tab\there"} & set(execution.artifacts)
    )
    assert len(execution.refused) >= 5
    assert all(harmless(path.encode()) == path for path in execution.refused)


def _crowd(execution):
    assert len(execution.artifacts) == 1000
    assert execution.artifacts["part0007.json"] == b"7"
    assert len(execution.refused) == 201
    assert execution.refused["..."] == "300 more refused"


def _tail_kept(execution):
    assert "TAIL-MARKER" in execution.stdout.text
    assert execution.stdout.total_bytes == 800 * 65536 + 13
    assert f"{execution.stdout.cut_bytes} bytes cut" in execution.stdout.text


def _cause_kept(execution):
    assert "RuntimeError: real cause at the end" in execution.stderr.text
    assert execution.exit_code == 1


def _only_the_small_one(execution):
    assert execution.artifacts == {"results.json": b"{}"}
    assert execution.refused


FURTHER = {
    "a01_symlink_results": _links,
    "a03_fifo_socket_results": _special_files,
    "a05_manifest_traversal": lambda e: _only(e, {"results.json", "ok.png"}),
    "a07_unreadable_and_setuid": lambda e: _only(e, {"locked/f", "su.sh", "noread.json"}),
    "a09_zip_of_death": lambda e: _refused(e, "model.bin"),
    "b12_odd_names": _odd_names,
    "b13_deep_tree": _only_the_small_one,
    "b14_inode_flood": lambda e: _at_most(e, 1000),
    "b15_swap_race": lambda e: _no_passwd(e),
    "b16_hard_link_crowd": lambda e: _only(e, set()),
    "b17_file_crowd": _crowd,
    "b31_locked_directory": lambda e: _only(e, {"results.json"}),
    "b32_sparse_crowd": _only_the_small_one,
    "b34_silent_worker": lambda e: _only(e, {"results.json"}),
    "b37_abort_leaves_no_core": lambda e: _only(e, set()),
    "o01_terminal_escapes": lambda e: _visible(e),
    "o04_fake_pass_marker": lambda e: _only(e, set()),
    "o07_huge_single_line": _tail_kept,
    "o10_recursion_traceback": _cause_kept,
    "r13_infinite_stdout": lambda e: _flood(e),
    "r14_infinite_stderr_no_newline": lambda e: _flood(e),
    "b38_pipe_flood": lambda e: _flood(e),
}


def _only(execution, names):
    assert set(execution.artifacts) == names


def _at_most(execution, count):
    assert len(execution.artifacts) <= count


def _no_passwd(execution):
    assert not any(b"root:" in content for content in execution.artifacts.values())


def _visible(execution):
    assert "\\x1b]52;c;ZXZpbA==\\x07" in execution.stdout.text


def _flood(execution):
    assert execution.outcome == "output"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("place_name", PLACES, scope="session")
def test_host_is_as_before(results, place_name):
    """After all cases: nothing called, nothing changed, and the sandbox still works."""
    _, canaries, after = results(place_name)
    assert canaries.hits == 0
    assert canaries.host_files() == canaries.before
    assert after.ok
    assert after.stdout.text == "well\n"


def test_enough_adversaries():
    """At least twenty of our own beside those that were found first."""
    assert len([name for name in CASES if name.startswith("b")]) >= 20
    assert all(text.startswith(b"# expect: ") for text in CASES.values())
