"""What any sandbox must do, asked of each in the same words."""

import json
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ohgw_tools.errors import RunCancelled, SandboxFailed
from ohgw_tools.isolation import program_environment
from ohgw_tools.sandbox import MIB, Interpreter, Limits


def test_probe_reports_every_wall(place):
    probe = place.sandbox.probe()
    assert probe.works, probe
    assert probe.name == place.sandbox.name
    expected = {
        "capabilities": False,
        "no_new_privileges": True,
        "seccomp": True,
        "root": False,
        "network": False,
        "system_writable": [],
        "work_writable": True,
    }
    assert {key: probe.isolation[key] for key in expected} == expected


def test_streams_and_exit_code(place):
    done = place.run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (done.outcome, done.exit_code, done.signal, done.ok) == ("exited", 7, None, False)
    assert (done.stdout.text, done.stderr.text) == ("out\n", "err\n")
    assert done.backend == place.sandbox.name


def test_success_is_ok(place):
    done = place.run("pass")
    assert done.ok
    assert done.artifacts == {}
    assert done.refused == {}


def test_files_arrive_and_only_new_or_changed_ones_return(place):
    files = {
        "src/deep/er/a.py": b"A",
        "same.txt": b"same",
        "changed.txt": b"old",
        "gone.txt": b"x",
        "rewritten.txt": b"equal",
    }
    program = """
import os, pathlib
assert os.getcwd() == "/work", os.getcwd()
assert pathlib.Path("src/deep/er/a.py").read_text() == "A"
pathlib.Path("changed.txt").write_text("new")
pathlib.Path("rewritten.txt").write_text("equal")
os.unlink("gone.txt")
os.makedirs("results/run-1")
pathlib.Path("results/run-1/r.json").write_text("{}")
pathlib.Path("empty").write_text("")
"""
    done = place.run(program, files=files)
    assert done.ok, done.stderr.text
    assert done.artifacts == {
        "changed.txt": b"new",
        "results/run-1/r.json": b"{}",
        "empty": b"",
    }


def test_unchanged_input_larger_than_the_artifact_limit_is_no_refusal(place):
    done = place.run("pass", files={"data.bin": b"d" * 3000}, artifact_bytes=1000)
    assert done.ok
    assert done.refused == {}


def test_smallest_artifacts_come_first(place):
    program = """
for name, size in (("a", 600), ("b", 500), ("c", 300), ("d", 200), ("e", 5000)):
    open(name, "wb").write(b"x" * size)
"""
    done = place.run(program, artifact_bytes=1000)
    assert sorted(done.artifacts) == ["b", "c", "d"]
    assert done.refused["a"] == "the limit for artifacts is used up by smaller files"
    assert done.refused["e"] == "5000 bytes are more than the limit for artifacts"


def test_environment_is_what_is_named_and_nothing_else(place, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    done = place.run(program, environment={"NAMED": "völlig\nfrei", "TZ": "CET"}, threads=1)
    seen = json.loads(done.stdout.text)
    wanted = program_environment.variables(
        Limits(threads=1),
        place.interpreter.executable,
        {"NAMED": "völlig\nfrei", "TZ": "CET"},
        network=False,
    )
    assert seen == wanted
    assert seen["HF_HUB_OFFLINE"] == "1"
    assert seen["OMP_NUM_THREADS"] == "1"


def test_arguments_arrive_as_they_are(place):
    given = ("--name", "with space", "", "ü;$(id)`id`", "-c")
    done = place.run("import json, sys; print(json.dumps(sys.argv[1:]))", *given)
    assert json.loads(done.stdout.text) == list(given)


def test_python_inside_is_the_interpreter(place):
    program = """
import subprocess, sys
print(sys.executable)
print(subprocess.run(["python3", "-c", "import sys; print(sys.prefix)"],
                     capture_output=True, text=True).stdout, end="")
"""
    done = place.run(program)
    assert done.stdout.text.splitlines()[0] == place.interpreter.executable


def test_other_commands_run_too(place):
    done = place.sandbox.run(
        {"x": b""}, ("ls", "-a"), interpreter=place.interpreter, limits=Limits(wall_seconds=20)
    )
    assert done.stdout.text.split() == [".", "..", "x"]


def test_a_command_that_is_not_there_is_the_programs_failure(place):
    done = place.sandbox.run(
        {}, ("no-such-command",), interpreter=place.interpreter, limits=Limits(wall_seconds=20)
    )
    assert done.outcome == "exited"
    assert done.exit_code
    assert "no-such-command" in done.stderr.text


def test_standard_input_is_empty(place):
    assert "EOFError" in place.run("input()").stderr.text


def test_user_and_home_are_consistent(place):
    program = """
import getpass, os, pathlib, pwd, tempfile
assert getpass.getuser() == "sandbox"
assert pwd.getpwuid(os.getuid()).pw_name == "sandbox"
assert pathlib.Path.home() == pathlib.Path("/work")
with tempfile.TemporaryFile() as file:
    file.write(b"x")
"""
    done = place.run(program)
    assert done.ok, done.stderr.text


@pytest.mark.parametrize(
    ("program", "limits", "outcome"),
    [
        ("import time; time.sleep(60)", {"wall_seconds": 1}, "timeout"),
        ("while True: pass", {"cpu_seconds": 1}, "timeout"),
        ("x = [bytearray(1 << 20) for _ in range(3000)]", {}, "memory"),
        # It lingers at the limit: who dies of it within one look of the watchdog, as an ordinary
        # user, is seen as a program that exited with an error.
        ("import os, time\ntry:\n    for n in range(99): os.fork() or time.sleep(5)\n"
         "except OSError:\n    time.sleep(0.5)\n    raise", {"processes": 20}, "processes"),
        ("open('x', 'wb').write(b'x' * (1 << 27))", {}, "disk"),
        ("open('/tmp/x', 'wb').write(b'x' * (400 << 20))",
         {"memory_bytes": 1024 * MIB}, "disk"),
        ("for n in range(9999): open(f'f{n}', 'w')", {"work_inodes": 500}, "disk"),
        ("while True: print('x' * 1000)", {"output_bytes": 10_000}, "output"),
        ("import os; os.kill(os.getpid(), 31)", {}, "seccomp"),
        ("import os; os.kill(os.getpid(), 15)", {}, "signal"),
    ],
    ids=["wall", "cpu", "memory", "processes", "disk", "tmp", "inodes", "output", "seccomp",
         "signal"],
)  # fmt: skip
def test_each_ending_is_told_apart(place, program, limits, outcome):
    done = place.run(program, **limits)
    assert done.outcome == outcome, done
    assert not done.ok


def test_results_of_a_stopped_program_come_back(place):
    program = "open('partial.json', 'w').write('{}'); import time; time.sleep(60)"
    done = place.run(program, wall_seconds=1)
    assert done.outcome == "timeout"
    assert done.artifacts == {"partial.json": b"{}"}


def test_a_disk_that_was_full_and_is_not_is_no_failure(place):
    program = """
import os
try:
    open("x", "wb").write(b"x" * (1 << 27))
except OSError:
    os.unlink("x")
"""
    assert place.run(program).ok


def test_file_size_is_limited(place):
    program = """
try:
    open("x", "wb").truncate(1 << 30)
except OSError as error:
    print(error.strerror)
"""
    assert place.run(program, file_bytes=MIB).stdout.text == "File too large\n"


def test_open_files_are_limited(place):
    program = "import resource; print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    assert place.run(program, open_files=77).stdout.text == "77 77\n"


def test_work_directory_has_its_size(place):
    done = place.run("import os; s = os.statvfs('.'); print(s.f_blocks * s.f_frsize)")
    assert int(done.stdout.text) == 64 * MIB


def test_output_keeps_head_and_tail(place):
    program = """
import sys
print("first")
for number in range(10000):
    print(f"{number:06} ü")
print("last")
"""
    done = place.run(program, output_bytes=2000)
    out = done.stdout
    assert out.text.startswith("first\n000000 ü\n")
    assert out.text.endswith("009999 ü\nlast\n")
    assert out.total_bytes == 6 + 10000 * 10 + 5
    assert out.cut_bytes == out.total_bytes - 2000
    assert f"[... {out.cut_bytes} bytes cut here ...]" in out.text


def test_progress_bars_become_lines(place):
    done = place.run(r"import sys; sys.stdout.write('10%\r20%\r\n30%\n')")
    assert done.stdout.text == "10%\n20%\n30%\n"


def test_measures_are_plausible(place):
    program = """
import time
held = bytearray(b"x") * (100 << 20)
end = time.process_time() + 0.5
while time.process_time() < end:
    pass
"""
    done = place.run(program)
    assert done.ok, done.stderr.text
    assert 100 * MIB <= done.peak_bytes < 400 * MIB
    assert done.cpu_ms >= 400
    assert done.wall_ms >= 500


def test_runs_share_nothing(place):
    program = """
import glob
print(glob.glob("/work/*") + glob.glob("/tmp/left*") + glob.glob("/dev/shm/*"))
for place in ("/work", "/tmp", "/dev/shm"):
    open(f"{place}/left", "w").write("x")
"""
    first, second = place.run(program), place.run(program)
    assert first.stdout.text == second.stdout.text == "['/work/main.py']\n"


def test_from_a_thread_that_ends(place):
    """A sandbox tied to its thread must live exactly as long as the call."""
    results = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: results.append(place.run("print(1)")))
        thread.start()
        thread.join()
    assert [result.ok for result in results] == [True, True]


def test_many_at_once_do_not_mix(place):
    program = (
        "import sys, time; time.sleep(0.2); print(sys.argv[1]); open('r', 'w').write(sys.argv[1])"
    )
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: place.run(program, str(n)), range(16)))
    assert [result.stdout.text for result in found] == [f"{n}\n" for n in range(16)]
    assert [result.artifacts["r"] for result in found] == [str(n).encode() for n in range(16)]


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a//b", "a/./b", "", "a/../../x", "nul\0"])
def test_input_paths_that_leave_the_directory(place, path):
    with pytest.raises(SandboxFailed, match="work directory"):
        place.run("pass", files={path: b""})


def test_input_that_does_not_fit(place):
    with pytest.raises(SandboxFailed, match="do not fit"):
        place.run("pass", files={"big": b"x" * 2000}, work_bytes=1000)


@pytest.mark.parametrize(
    "prefix", ["/", "/etc", "/home", "/root", "/tmp", "relative", "/usr/../etc"]
)
def test_prefixes_that_would_show_the_host(place, prefix):
    interpreter = Interpreter(executable="/usr/bin/env", prefixes=(prefix,), key="x")
    with pytest.raises(SandboxFailed, match="prefix"):
        place.sandbox.run({}, ("python",), interpreter=interpreter, limits=Limits())


def test_an_executable_that_is_a_chain_of_links(place):
    """Environments lead to their interpreter through links whose places they do not name."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ohgw-links-") as directory:
        Path(directory).chmod(0o755)
        links = [Path(directory, name, "bin", "python") for name in ("env", "minor")]
        for link, target in zip(links, (links[1], place.interpreter.executable), strict=True):
            link.parent.mkdir(parents=True)
            link.symlink_to(target)
        interpreter = Interpreter(
            executable=str(links[0]), prefixes=place.interpreter.prefixes, key="links"
        )
        done = place.sandbox.run(
            {},
            ("python", "-I", "-S", "-c", "print(1)"),
            interpreter=interpreter,
            limits=Limits(wall_seconds=20),
        )
    assert done.stdout.text == "1\n", done


def test_interpreter_that_is_not_there(place):
    interpreter = Interpreter(executable="/usr/bin/no-python", prefixes=(), key="x")
    with pytest.raises(SandboxFailed, match="no-python"):
        place.sandbox.run({}, ("python",), interpreter=interpreter, limits=Limits())


@pytest.mark.parametrize("name", ["", "A=B", "A\0"])
def test_names_that_no_environment_can_hold(place, name):
    with pytest.raises(ValueError, match="environment variable"):
        place.run("pass", environment={name: "x"})


def test_cancel_from_another_thread(place):
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    start = time.monotonic()
    with pytest.raises(RunCancelled):
        place.run("import time; time.sleep(600)", cancel=cancel, wall_seconds=600)
    assert time.monotonic() - start < 300
