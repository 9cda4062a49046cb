"""The MCP server as coding agents meet it: the real client, a real process, real pipes."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from mcp_client import answer, client, refusal

pytestmark = pytest.mark.mcp

ROOT = Path(__file__).parents[2]
DUMP_MODULES = """
import atexit, json, os, sys
atexit.register(lambda: open(os.environ["MODULES"], "w").write(json.dumps(list(sys.modules))))
from ohgw_agent.cli import main
sys.exit(main(sys.argv[1:]))
"""
TOOLS = {"validate", "fix", "explain", "list_runs", "show_run", "blame"}
LOOP_LIBRARIES = {"langgraph", "langchain_core", "langchain_openai", "openai", "langsmith"}


def test_judging_repairing_and_reading_the_record(place):
    said = []

    async def hear(progress, total, message):
        said.append((progress, message))

    async def session():
        async with client(place, "--static-only") as agent:
            offered = {tool.name: tool for tool in (await agent.list_tools()).tools}
            assert set(offered) == TOOLS
            for name, tool in offered.items():
                assert tool.description
                assert tool.annotations.read_only_hint is (name != "fix")
                jsonschema.Draft202012Validator.check_schema(tool.output_schema)

            first = await answer(agent, "validate", {"bundle": "bundle.json", "limit": 3})
            assert first["status"] == "not ready"
            assert len(first["findings"]) == 3 < first["findings_total"]
            assert all(f["severity"] == "error" for f in first["findings"])
            rest = {"bundle": "bundle.json", "offset": 3, "limit": 500}
            rest = await answer(agent, "validate", rest)
            assert len(rest["findings"]) + 3 == rest["findings_total"]
            rule = first["findings"][0]["rule"]
            page = (await answer(agent, "explain", {"rule": rule}))["page"]
            assert page == (ROOT / "tests" / "rules" / f"{rule}.md").read_text()

            wanted = {"bundle": "bundle.json", "output": "fixed.json"}
            made = await answer(agent, "fix", wanted, progress_callback=hear)
            assert made["ready"] is True
            assert made["attempts"][0]["left"] == first["errors"]
            again = await answer(agent, "validate", {"bundle": "fixed.json"})
            assert again["status"] == "ready"
            assert any(text.startswith("sandbox") for text in again["not_checked"])

            (run,) = (await answer(agent, "list_runs", {"status": "ready"}))["runs"]
            assert run["run"] == made["run"]
            record = await answer(agent, "show_run", {"run": made["run"], "verdict": 1})
            assert record["head"] == made["head"]
            assert record["findings_total"] == first["findings_total"]
            assert len(record["attempts"]) == len(made["attempts"])
            blamed = await answer(agent, "blame", {"file": "src/model.py", "limit": 500})
            (line,) = [x for x in blamed["lines"] if '"TWO_LAYER_MLP": TwoLayerMLP' in x["text"]]
            assert line["origin"] == "recipe:registry-entry"
            assert line["answers"][0]["finding"]["rule"] == "registry-gap"
            return offered, first, made, record, blamed

    offered, *results = asyncio.run(session())
    for name, result in zip(("validate", "fix", "show_run", "blame"), results, strict=True):
        jsonschema.validate(result, offered[name].output_schema)
    assert [number for number, _ in said] == list(range(1, len(said) + 1))
    assert any("recipe:registry-entry" in message for _, message in said)
    assert "stop ready" in said[-1][1]


def test_the_loop_is_imported_for_fix_alone(place, tmp_path):
    def loaded(name, arguments):
        async def session():
            command = ("-c", DUMP_MODULES)
            listed = str(tmp_path / "modules")
            async with client(place, "--static-only", command=command, MODULES=listed) as agent:
                await answer(agent, name, arguments)

        asyncio.run(session())
        return {n.partition(".")[0] for n in json.loads((tmp_path / "modules").read_text())}

    assert not loaded("validate", {"bundle": "bundle.json"}) & LOOP_LIBRARIES
    assert "langgraph" in loaded("fix", {"bundle": "bundle.json", "attempts": 0})


def test_what_is_outside_of_the_roots_stays_out(place, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"derived": {"a.py": "SECRET = 1"}}')
    (place / "link.json").symlink_to(secret)
    folder = place / "folder"
    folder.mkdir()
    (folder / "derived").symlink_to(tmp_path)
    (folder / "experiment.yaml").write_text("id: x\n")
    os.mkfifo(place / "pipe.json")
    (place / "out").symlink_to(tmp_path)
    (place / ".git").mkdir()
    foreign = tmp_path / "foreign" / "run-1"
    foreign.mkdir(parents=True)
    (foreign / "events.jsonl").write_text("")
    (place / "runs").mkdir()
    (place / "runs" / "run-2").symlink_to(foreign)

    async def session():
        async with client(place, "--static-only") as agent:
            outside = [str(secret), "../secret.json", "link.json", "folder", "/etc/passwd", "\0"]
            for name in outside:
                text = await refusal(agent, "validate", {"bundle": name})
                assert "outside" in text or "NUL" in text
                assert "SECRET" not in text
            text = await refusal(agent, "validate", {"bundle": "pipe.json"})
            assert "no such file" in text
            wanted = {"bundle": "bundle.json", "contract": str(secret)}
            assert "outside" in await refusal(agent, "validate", wanted)
            refused = {
                "../x.json": "outside",
                "out/x.json": "outside",
                "x.py": ".json",
                ".git/x.json": "hidden",
                "runs/x.json": "records",
                "nowhere/x.json": "does not exist",
                "good.json": "overwrite",
                "folder": ".json",
            }
            for output, why in refused.items():
                wanted = {"bundle": "bundle.json", "output": output}
                assert why in await refusal(agent, "fix", wanted), output
            for run in (str(foreign), "../foreign/run-1", "run-2", "", "."):
                await refusal(agent, "show_run", {"run": run})
            assert (await answer(agent, "list_runs", {}))["runs"] == []

    before = (place / "good.json").read_bytes()
    asyncio.run(session())
    assert (place / "good.json").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "foreign", "root", "secret.json", "stderr",
    ]  # fmt: skip


def test_wrong_and_hostile_calls_get_words_and_leave_the_server_standing(place):
    deep = '{"derived": ' * 500 + "1" + "}" * 500
    (place / "deep.json").write_text(deep)
    bell = {"derived": {"a.py": "\x1b]0;owned\x07 = ("}, "experiment": {"id": "\x1b[2J"}}
    (place / "bell.json").write_text(json.dumps(bell))

    (place / "loop.json").symlink_to("loop.json")

    async def session():
        async with client(place, "--static-only") as agent:
            wrong = [
                ("validate", {}, "bundle"),
                ("validate", {"bundle": 7}, "bundle"),
                ("validate", {"bundle": "bundle.json", "limit": 0}, "limit"),
                ("validate", {"bundle": "bundle.json", "select": ["no-such"]}, "no rule"),
                ("validate", {"bundle": "bundle.json", "contract": "nope"}, "no such file"),
                ("validate", {"bundle": "nothing.json"}, "no such file"),
                ("validate", {"bundle": "deep.json"}, "levels deep"),
                ("validate", {"bundle": "x" * 300}, "no such file"),
                ("validate", {"bundle": "loop.json"}, "loop.json"),
                ("fix", {"bundle": "bundle.json", "output": "x" * 300 + ".json"}, "bytes"),
                ("fix", {"bundle": "bundle.json", "output": "y" * 5000}, "characters"),
                ("fix", {"bundle": "bundle.json", "attempts": -1}, "attempts"),
                ("explain", {"rule": "stub-bdy"}, "did you mean stub-body"),
                ("show_run", {"run": "no-such-run"}, "no run"),
                ("list_runs", {"since": "yesteryear"}, "since"),
                ("no_such_tool", {}, "no_such_tool"),
            ]
            (place / "runs").mkdir()
            for name, arguments, word in wrong:
                assert word in await refusal(agent, name, arguments), (name, arguments)
            assert (await answer(agent, "validate", {"bundle": "bell.json"}))["errors"]
            lowered = await answer(agent, "fix", {"bundle": "bundle.json", "attempts": 1})
            assert lowered["stop"] == "exhausted"
            assert len(lowered["attempts"]) == 2
            assert Path(lowered["output"]).parent.name == lowered["run"]
            sandbox = await answer(agent, "explain", {"rule": "smoke-crash"})
            assert "The smoke test ends with an error." in sandbox["page"]

    asyncio.run(session())


def test_read_only_offers_nothing_that_writes(place):
    async def session():
        async with client(place, "--read-only") as agent:
            return {tool.name for tool in (await agent.list_tools()).tools}

    assert asyncio.run(session()) == TOOLS - {"fix"}


def test_wrong_options_are_said_before_anything_is_served(place):
    def said(*options):
        command = [sys.executable, "-m", "ohgw_agent", "mcp", *options]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (2, "")
        return done.stderr

    assert "--root nowhere" in said("--root", "nowhere")
    assert "--jobs" in said("--jobs", "0")
    assert "no contract 'nope'" in said("--contract", "nope")
