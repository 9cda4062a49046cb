"""Many runs in one process, some of them cancelled, at each stage and in each way there is."""

import asyncio
import json
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from pathlib import Path

import anyio
import pytest

from ohgw_agent import Budget, ModelSettings, Settings, afix, astream, fix, load, resume
from ohgw_agent.fix_options import FixOptions
from ohgw_agent.trace.reader import Reader
from ohgw_tools.bundles.bundle_file import parse

ROOT = Path(__file__).parents[2]
STATIC = Settings(static_only=True, review=False, proposer="recipes")
HEAD = "from __future__ import annotations\n"


@pytest.fixture
def bundle():
    return load(ROOT / "examples" / "quickstart.json")


@pytest.fixture
def sleeper():
    """A bundle that the static judge passes and whose program sleeps for ten minutes."""
    data = json.loads((ROOT / "tests" / "bundles" / "quickstart-good.json").read_text())
    main = data["derived"]["src/main.py"]
    assert HEAD in main
    slow = main.replace(HEAD, f"{HEAD}\nimport time\n\ntime.sleep(600)\n", 1)
    data["derived"]["src/main.py"] = slow
    return parse(json.dumps(data))


class Waiting:
    """Waits until it is let go, then has nothing to propose."""

    name = "waiting"

    def __init__(self):
        self.asked, self.go_on = threading.Event(), threading.Event()

    def propose(self, situation):
        self.asked.set()
        assert self.go_on.wait(60)


@pytest.fixture
def unchanged():
    """What a library leaves alone: signals, the environment, and in the end the threads."""

    def seen():
        set_by_pytest = "PYTEST_CURRENT_TEST"
        environment = {k: v for k, v in os.environ.items() if k != set_by_pytest}
        return environment, [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]

    def runs():
        """Threads of runs that are still there when each has had time to end."""
        found = [t for t in threading.enumerate() if t.name.startswith("ohgw-fix")]
        for thread in found:
            thread.join(20)  # a run's result is known a moment before its thread has ended
        return [t.name for t in found if t.is_alive()]

    before = seen()
    assert not runs()
    yield
    assert seen() == before
    assert not runs()


def ended(folder):
    return [e.data["stop"] for e in Reader(folder).of_kind("run.end")]


def folders(runs_dir):
    return sorted(p for p in runs_dir.iterdir() if p.is_dir())


def test_options_are_those_of_fix():
    options = set(FixOptions.__annotations__)
    assert options == set(fix.__kwdefaults__)


def test_eight_at_once_in_one_loop_one_cancelled(bundle, tmp_path, unchanged):
    waiting = Waiting()

    async def all_of_them():
        stuck = asyncio.create_task(afix(bundle, STATIC, runs_dir=tmp_path, proposers=[waiting]))
        others = [asyncio.create_task(afix(bundle, STATIC, runs_dir=tmp_path)) for _ in range(7)]
        assert await asyncio.to_thread(waiting.asked.wait, 60)
        stuck.cancel()
        await asyncio.sleep(0)
        stuck.cancel()  # impatience changes nothing
        traces = await asyncio.gather(*others)
        assert not stuck.done(), "the step in hand is waited for"
        waiting.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await stuck
        return traces

    traces = asyncio.run(all_of_them())
    assert all(t.ready for t in traces)
    assert len({t.bundle.derived.digest for t in traces}) == 1
    stops = [ended(folder) for folder in folders(tmp_path)]
    assert sorted(stops) == [["interrupted"], *[["ready"]] * 7]
    (interrupted,) = [f for f in folders(tmp_path) if ended(f) == ["interrupted"]]
    assert resume(interrupted.name, runs_dir=tmp_path).ready


def test_runs_leave_the_loops_own_threads_to_others(bundle, tmp_path, unchanged):
    every = [Waiting() for _ in range(40)]  # more than the loop's shared threads

    async def all_of_them():
        runs = [
            asyncio.create_task(afix(bundle, STATIC, runs_dir=tmp_path, proposers=[one]))
            for one in every
        ]
        while not all(one.asked.is_set() for one in every):
            await asyncio.sleep(0.05)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: 7), 30) == 7
        for one in every:
            one.go_on.set()
        return await asyncio.gather(*runs)

    assert {t.stop for t in asyncio.run(all_of_them())} == {"given up"}


def test_eight_threads_one_cancelled(bundle, tmp_path, unchanged):
    stop = threading.Event()

    def one(number):
        def watch(notice):
            if number == 3 and notice.kind == "attempt" and notice.number == 1:
                stop.set()

        cancel = stop if number == 3 else None
        return fix(bundle, STATIC, runs_dir=tmp_path, watch=watch, cancel=cancel)

    with ThreadPoolExecutor(8) as pool:
        traces = list(pool.map(one, range(8)))
    assert [t.stop for t in traces] == ["ready"] * 3 + ["interrupted"] + ["ready"] * 4
    assert resume(traces[3].run_id, runs_dir=tmp_path).ready


def test_an_anyio_scope_cancels_as_a_task_does(bundle, tmp_path, unchanged):
    waiting = Waiting()

    async def scoped():
        async with anyio.create_task_group() as group:

            async def run():
                await afix(bundle, STATIC, runs_dir=tmp_path, proposers=[waiting])

            group.start_soon(run)
            assert await asyncio.to_thread(waiting.asked.wait, 60)
            asyncio.get_running_loop().call_later(0.2, waiting.go_on.set)
            group.cancel_scope.cancel()

    asyncio.run(scoped())
    assert [ended(folder) for folder in folders(tmp_path)] == [["interrupted"]]


@pytest.mark.parametrize("how", ["closing", "leaving", "throwing"])
def test_a_stream_that_is_left_early_ends_its_run(bundle, tmp_path, unchanged, how):
    async def left():
        events = astream(bundle, STATIC, runs_dir=tmp_path)
        if how == "leaving":
            async for event in events:
                if event.kind == "attempt":
                    break
            await events.aclose()
            return
        async with aclosing(events):
            async for event in events:
                if event.kind == "attempt":
                    if how == "throwing":
                        raise LookupError("the consumer's own")
                    break

    if how == "throwing":
        with pytest.raises(LookupError):
            asyncio.run(left())
    else:
        asyncio.run(left())
    assert [ended(folder) for folder in folders(tmp_path)] == [["interrupted"]]


def test_errors_of_fix_are_those_of_a_stream(bundle, tmp_path):
    from ohgw_tools.errors import InputError

    async def streamed():
        return [event async for event in astream(bundle, Settings(contract="nope"))]

    with pytest.raises(InputError, match="no contract 'nope'"):
        asyncio.run(streamed())


@contextmanager
def silent_server():
    """A model server that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")


def test_cancelled_while_a_model_is_asked(bundle, tmp_path, key, unchanged):
    with silent_server() as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        settings = STATIC.model_copy(
            update={"proposer": "chat", "proposing": ModelSettings(model="m", base_url=url)}
        )

        async def cancelled():
            run = asyncio.create_task(afix(bundle, settings, runs_dir=tmp_path))
            connection, _ = await asyncio.to_thread(server.accept)
            await asyncio.to_thread(connection.recv, 1)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(run), 60)
            connection.close()

        asyncio.run(cancelled())
    (folder,) = folders(tmp_path)
    assert ended(folder) == ["interrupted"]
    assert resume(folder.name, runs_dir=tmp_path, proposers=[]).stop == "given up"


def test_cancelled_while_a_program_runs_in_the_sandbox(sleeper, tmp_path, unchanged):
    settings = Settings(
        sandbox="bubblewrap", review=False, proposer="recipes", budget=Budget(attempts=1)
    )

    async def cancelled():
        run = asyncio.create_task(afix(sleeper, settings, runs_dir=tmp_path))
        while not (running := sandboxed(os.getpid())):
            assert not run.done(), run.result().why
            await asyncio.sleep(0.05)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        return running & sandboxed(os.getpid())

    assert asyncio.run(cancelled()) == set()
    (folder,) = folders(tmp_path)
    assert ended(folder) == ["interrupted"]

    stop = threading.Event()

    def watch(notice):
        if notice.kind == "detail":
            stop.set()

    again = resume(folder.name, runs_dir=tmp_path, watch=watch, cancel=stop)
    assert stop.is_set(), "it goes on where the sandbox was"
    assert again.stop == "interrupted"
    assert len([e for e in Reader(folder).of_kind("verdict") if e.data["stage"] == "static"]) == 1


def sandboxed(process):
    """The processes of bwrap below this one, each with the time that it began."""
    found = set()
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = listed.read_text().split()
        except OSError:
            continue
        for child in children:
            try:
                name, _, rest = Path(f"/proc/{child}/stat").read_text().rpartition(")")
            except OSError:
                continue
            found |= sandboxed(child)
            if "bwrap" in name and rest.split()[0] != "Z":
                found.add((child, rest.split()[19]))
    return found
