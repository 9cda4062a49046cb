"""Calls that are cancelled and servers that are stopped leave a record and no program running."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from mcp_client import answer, client, make_slow, runs, sandboxed

from ohgw_agent import resume
from ohgw_agent.trace.reader import Reader

pytestmark = pytest.mark.mcp


def test_a_cancelled_repair_is_recorded_and_goes_on(place, tmp_path):
    folder = tmp_path / "waiting"
    folder.mkdir()

    async def session():
        import anyio

        options = ("--static-only", "--proposer", "waiting_proposer:WaitingProposer")
        async with client(place, *options, WAITING_FOLDER=str(folder)) as agent:
            async with anyio.create_task_group() as group:
                group.start_soon(agent.call_tool, "fix", {"bundle": "bundle.json"})
                while not (folder / "asked").exists():
                    await anyio.sleep(0.02)
                group.cancel_scope.cancel()
            # Messages are read in order: with this answer the cancellation has arrived.
            assert (await answer(agent, "validate", {"bundle": "good.json"}))["status"] == "ready"
            (folder / "go-on").touch()
            while not (runs := (await answer(agent, "list_runs", {}))["runs"])[0]["stop"]:
                await anyio.sleep(0.02)
            return runs

    (run,) = asyncio.run(session())
    assert run["stop"] == "interrupted"
    assert resume(run["run"], runs_dir=place / "runs", proposers=[]).stop == "given up"


def test_a_program_in_the_sandbox_ends_with_its_call(place):
    make_slow(place)
    heard = []

    async def hear(progress, total, message):
        heard.append(message)

    async def stopped(agent):
        import anyio

        async with anyio.create_task_group() as group:

            async def call():
                await agent.call_tool("fix", {"bundle": "slow.json"}, progress_callback=hear)

            group.start_soon(call)
            while not any("sandbox: " in text for text in heard):
                await anyio.sleep(0.05)
            while not (running := sandboxed(os.getpid())):
                await anyio.sleep(0.05)
            group.cancel_scope.cancel()
        while not (runs := (await answer(agent, "list_runs", {}))["runs"])[0]["stop"]:
            await anyio.sleep(0.05)
        return runs[0]["stop"], running & sandboxed(os.getpid())

    async def session():
        async with client(place, "--sandbox", "bubblewrap") as agent, asyncio.timeout(120):
            return await stopped(agent)

    assert asyncio.run(session()) == ("interrupted", set())


@pytest.mark.parametrize("how", ["input closed", "SIGTERM"])
def test_the_server_goes_when_it_is_told_to_and_prints_the_protocol_alone(place, how):
    make_slow(place)
    process = subprocess.Popen(
        [sys.executable, "-m", "ohgw_agent", "mcp", "--sandbox", "bubblewrap"],
        cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    first = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    process.stdin.write(json.dumps(first).encode() + b"\nno json\n\xff\xfe\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "ohgw-agent"
    call = {
        "name": "fix",
        "arguments": {"bundle": "slow.json"},
        "_meta": {"progressToken": 1},
    }
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    asked = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}
    process.stdin.write(f"{json.dumps(ready)}\n{json.dumps(asked)}\n".encode())
    process.stdin.flush()
    while b"sandbox: " not in process.stdout.readline():
        pass
    while not (running := sandboxed(os.getpid())):
        time.sleep(0.05)
    if how == "SIGTERM":
        process.send_signal(signal.SIGTERM)
    else:
        process.stdin.close()
    assert process.wait(30) == (130 if how == "SIGTERM" else 0)
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in process.stdout)
    process.stdout.close()
    process.stderr.close()
    assert not sandboxed(os.getpid()) & running
    assert [Reader(folder).events[-1].kind for folder in runs(place)] == ["run.end"]
    assert Reader(*runs(place)).of_kind("interrupted")
