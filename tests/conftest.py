"""What the whole suite needs: components that may be missing, and a guard against the network.

A test marked `docker`, `browser`, `mcp`, `root` or `torch` needs that component. Where it is
missing the test is left out and the last lines say so; with CI=true, or OHGW_TEST_ALL=1, nothing
is left out: a missing component then fails.
"""

import faulthandler
import os
import shutil
import socket
import sys
from importlib.util import find_spec

import pytest

# The time limit of a test ends with its first failure; what is taken down after that has this one.
TEARDOWN_SECONDS = 300
STDERR = pytest.StashKey[int]()
ALL = os.environ.get("CI", "") not in ("", "0", "false") or bool(os.environ.get("OHGW_TEST_ALL"))


def _docker():
    path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(path)
        except OSError:
            return False
    return True


def _torch():
    return all(find_spec(name) for name in ("torch", "transformers", "datasets"))


def _mcp():
    return all(find_spec(name) for name in ("mcp", "mcp_types"))


def _uv():
    return bool(shutil.which("uv")) or find_spec("uv") is not None


COMPONENTS = {
    "docker": (_docker, "no Docker engine answers"),
    "ssh": (lambda: bool(shutil.which("ssh-keygen")), "no ssh-keygen in PATH"),
    "browser": (lambda: shutil.which("chromium") is not None, "Chromium is not installed"),
    "mcp": (_mcp, "the mcp package is not installed: pip install -e '.[mcp]'"),
    "ray": (
        lambda: all(find_spec(name) for name in ("ray", "fsspec")),
        "Ray is not installed: pip install -e '.[ray]'",
    ),
    "root": (lambda: os.geteuid() == 0, "not run as root"),
    "uv": (_uv, "uv is not installed: pip install uv"),
    "torch": (_torch, "PyTorch is not installed: pip install -e '.[torch]'"),
}
LEFT_OUT = {}


def pytest_collection_modifyitems(config, items):
    if ALL:
        return
    missing = {name: why for name, (there, why) in COMPONENTS.items() if not there()}
    kept, left_out = [], []
    for item in items:
        lacks = [name for name in missing if item.get_closest_marker(name)]
        (left_out if lacks else kept).append(item)
        for name in lacks[:1]:
            LEFT_OUT[name] = LEFT_OUT.get(name, 0) + 1
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_configure(config):
    # Later on, what is written to standard error is caught.
    config.stash[STDERR] = os.dup(sys.__stderr__.fileno())


def pytest_unconfigure(config):
    os.close(config.stash[STDERR])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    place = item.config.stash[STDERR]
    faulthandler.dump_traceback_later(TEARDOWN_SECONDS, exit=True, file=place)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_terminal_summary(terminalreporter):
    for name, count in sorted(LEFT_OUT.items()):
        why = COMPONENTS[name][1]
        terminalreporter.write_line(f"NOT RUN: {count} tests that need {name}: {why}", yellow=True)


@pytest.fixture(autouse=True)
def _no_ambient_settings(monkeypatch):
    """Take away what a developer's shell may hold: keys, servers, tracing, proxies."""
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "LANGSMITH_", "LANGCHAIN_", "OHGW_")) and name not in (
            "OHGW_TEST_ALL",
        ):
            monkeypatch.delenv(name)
