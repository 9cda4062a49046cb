"""`ohgw-agent doctor`: what is there, what is not, and what to do about it."""

from __future__ import annotations

import argparse
from typing import Any

HELP = "say what this machine has: sandboxes, model, environments"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from ohgw_agent.cli import options

    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--base-url", help="any OpenAI-compatible server to look at")
    options.add_runs_dir(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command. Returns 0 if bundles can be run here, 3 if not."""
    import json

    facts = _facts(arguments)
    if arguments.json:
        print(json.dumps(facts))
    else:
        _print(facts)
    return 0 if any(s["works"] for s in facts["sandboxes"]) else 3


def _facts(arguments: argparse.Namespace) -> dict[str, Any]:
    import os
    import platform
    from importlib.metadata import version

    from ohgw_tools.sandbox_choice import probe_all

    base_url = arguments.base_url or os.environ.get("OPENAI_BASE_URL")
    return {
        "version": version("ohgw-agent"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "sandboxes": [p.model_dump(mode="json") for p in probe_all()],
        "model": _model(base_url),
        "environments": _environments(),
        "installers": _installers(),
        "runs": {"folder": str(arguments.runs_dir), "writable": _writable(arguments.runs_dir)},
    }


def _model(base_url: str | None) -> dict[str, Any]:
    """Say whether a model is configured and whether its server answers. Sends no bundle, no key."""
    import os

    key = bool(os.environ.get("OPENAI_API_KEY"))
    if not base_url and not key:
        remedy = "set OPENAI_API_KEY or give --base-url; recipes work without a model"
        return {"configured": False, "remedy": remedy}
    facts: dict[str, Any] = {"configured": True, "base_url": base_url or "default", "key": key}
    if base_url:
        facts["answers"] = _answers(base_url)
        if not facts["answers"]:
            facts["remedy"] = "start the server, or correct --base-url"
    return facts


def _answers(base_url: str) -> bool:
    import socket
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), timeout=3):
            return True
    except (OSError, ValueError):
        return False


def _environments() -> dict[str, Any]:
    from ohgw_tools.environments.environment import list_environments

    found = list_environments()
    return {"count": len(found), "bytes": sum(int(str(e["size_bytes"])) for e in found)}


def _installers() -> list[str]:
    from ohgw_tools.environments.installer import pip_is_here, uv_binary

    found = {"uv": uv_binary() is not None, "pip": pip_is_here()}
    return [name for name, there in found.items() if there]


def _writable(folder: Any) -> bool:
    import os

    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return os.access(place, os.W_OK)


def _print(facts: dict[str, Any]) -> None:
    from ohgw_agent.cli.terminal import harmless

    print(f"ohgw-agent {facts['version']}, Python {facts['python']}, {facts['platform']}")
    for probe in facts["sandboxes"]:
        word = "works" if probe["works"] else "missing"
        print(f"sandbox {probe['name']:11} {word:8} {harmless(probe['detail'], limit=300)}")
        if probe["remedy"] and not probe["works"]:
            print(f"{'':28} -> {harmless(probe['remedy'], limit=300)}")
    model = facts["model"]
    state = "configured" if model["configured"] else "none"
    if model.get("answers") is False:
        state = "does not answer"
    print(f"model               {state:8} {harmless(str(model.get('base_url', '')))}")
    if model.get("remedy"):
        print(f"{'':28} -> {model['remedy']}")
    environments = facts["environments"]
    print(f"environments        {environments['count']} cached, {environments['bytes'] >> 20} MiB")
    installers = ", ".join(facts["installers"]) or "none: install pip or uv, or give --python"
    print(f"installers          {installers}")
    runs = facts["runs"]
    print(f"runs                {runs['folder']}{'' if runs['writable'] else ' (not writable)'}")
