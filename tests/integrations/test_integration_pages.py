"""The pages on continuous integration and coding agents hold what their readers can paste."""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

from ohgw_agent.cli.commands import mcp

ROOT = Path(__file__).parents[2]


def blocks(page, language):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def accepted(*command):
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_and_the_hook_fit_their_schemas_and_our_inputs(tmp_path):
    workflow, config = blocks("ci.md", "yaml")
    (tmp_path / "workflow.yml").write_text(workflow)
    (tmp_path / ".pre-commit-config.yaml").write_text(config)
    schema = ("check_jsonschema", "--builtin-schema", "vendor.github-workflows")
    accepted(*schema, str(tmp_path / "workflow.yml"))
    accepted("pre_commit", "validate-config", str(tmp_path / ".pre-commit-config.yaml"))
    (ours,) = [
        step
        for step in yaml.safe_load(workflow)["jobs"]["validate"]["steps"]
        if "ohgw-agent" in step["uses"]
    ]
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert set(ours["with"]) <= set(action["inputs"])
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert yaml.safe_load(config)["repos"][0]["hooks"][0]["id"] == hook["id"]


def test_the_servers_configuration_has_arguments_that_there_are():
    (text,) = blocks("coding-agents.md", "json")
    server = json.loads(text)["mcpServers"]["ohgw-agent"]
    assert server["command"] == "ohgw-agent"
    command, *words = server["args"]
    parser = argparse.ArgumentParser()
    mcp.configure(parser)
    assert command == "mcp"
    arguments = parser.parse_args(words)
    assert arguments.root == [Path("experiments")]
    page = (ROOT / "docs" / "coding-agents.md").read_text()
    tools = ROOT / "agent" / "ohgw_agent" / "mcp_server" / "tools"
    for tool in tools.glob("[a-z]*.py"):
        assert f"| `{tool.stem}` |" in page
