"""A batch whose records are kept on an object store, killed in the middle and gone on with from an
empty folder, as another machine would; then the same with a store that cannot be reached.

    pip install s3fs 'moto[s3,server]'
    python bench/batch/object_store.py [--bundles 12] [--server moto_server]

The store is a real server on loopback that speaks S3; the client is the real one.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "chat"), str(ROOT / "tests" / "batch")]

from scripted_server import Say, ScriptedServer  # noqa: E402
from test_batch import MEND, command, make, model  # noqa: E402

URL = "s3://ohgw-bench/runs"


@contextmanager
def served(program):
    """Yield the environment in which `s3://` is a server on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.1)
        yield settings(port)
    finally:
        server.terminate()
        server.wait()


def settings(port):
    return {
        **os.environ,
        "OPENAI_API_KEY": "none",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "FSSPEC_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }


def begin(paths, folder, environment, *more):
    folder.mkdir()
    return subprocess.Popen(
        command(paths, folder, "-q", "--store", URL, *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def killed_and_gone_on_with(paths, folder, environment):
    with ScriptedServer(lambda request: Say(text=MEND, delay=0.3)) as server:
        first = begin(paths, folder / "first", environment, *model(server), "-j", 2)
        results = folder / "first" / "results.jsonl"
        while not results.exists() or results.read_bytes().count(b"\n") < len(paths) // 3:
            if first.poll() is not None:
                raise SystemExit(first.communicate()[1])
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        first.wait()
        stdout, stderr = begin(paths, folder / "second", environment, *model(server)).communicate()
        asked = Counter(r.key for r in server.requests)
    if not stdout:
        raise SystemExit(stderr)
    summary = json.loads(stdout)
    print(f"{summary['ready']} of {len(paths)} ready, {summary['skipped']} done before", end="; ")
    print(f"{sum(asked.values())} requests for {len(asked)} questions: those asked twice", end=" ")
    print("were going on when the command was killed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundles", type=int, default=12)
    parser.add_argument("--server", default="moto_server")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    paths = make(folder, options.bundles)
    with served(options.server) as environment:
        killed_and_gone_on_with(paths, folder, environment)
    nobody = begin(paths, folder / "nobody", settings(9), "--proposer", "recipes")
    _, stderr = nobody.communicate()
    print(f"nobody answers: exit code {nobody.returncode}, {stderr.strip()}")


if __name__ == "__main__":
    main()
