"""The real client of a real server process, and what the tests look at beside it."""

import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def client(place, *options, command=("-m", "ohgw_agent"), **environment):
    from mcp import Client, StdioServerParameters

    arguments = [*command, "mcp", "--root", str(place), "--runs-dir", str(place / "runs"), *options]
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    parameters = StdioServerParameters(
        command=sys.executable,
        args=arguments,
        cwd=place,
        env={"PYTHONPATH": path, **environment},
    )
    with (place.parent / "stderr").open("w") as errors:
        from mcp.client.stdio import stdio_client

        async with Client(stdio_client(parameters, errlog=errors)) as connected:
            yield connected


async def answer(connected, name, arguments, **how):
    result = await connected.call_tool(name, arguments, **how)
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def refusal(connected, name, arguments):
    result = await connected.call_tool(name, arguments)
    assert result.is_error
    return result.content[0].text


def make_slow(place):
    bundle = json.loads((place / "good.json").read_text())
    main = bundle["derived"]["src/main.py"]
    head = "from __future__ import annotations\n"
    assert head in main
    slow = main.replace(head, f"{head}\nimport time\n\ntime.sleep(600)\n", 1)
    bundle["derived"]["src/main.py"] = slow
    (place / "slow.json").write_text(json.dumps(bundle))


def runs(place):
    return [p for p in (place / "runs").iterdir() if p.is_dir()]


def sandboxed(process):
    """The processes of bwrap below this one, each with the time that it began."""
    found = set()
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        for child in listed.read_text().split():
            try:
                name, _, rest = Path(f"/proc/{child}/stat").read_text().rpartition(")")
            except FileNotFoundError:
                continue
            found |= sandboxed(child)
            if "bwrap" in name and rest.split()[0] != "Z":
                found.add((child, rest.split()[19]))
    return found
