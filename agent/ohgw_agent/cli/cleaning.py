"""Cleaning: taking secrets and old contents out of records, after saying what would go."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import TYPE_CHECKING

from ohgw_agent.cli.terminal import harmless
from ohgw_agent.trace.measure import counted
from ohgw_tools.errors import InputError

if TYPE_CHECKING:
    from ohgw_agent.trace.erasure import Found

LEAST = 6  # characters: removing everything that holds "a" would remove everything


def redact(arguments: argparse.Namespace) -> int:
    """Remove the contents that hold a secret. Returns 1 if the secret stands where it must stay."""
    from ohgw_agent.trace.erasure import remove, search
    from ohgw_agent.trace.reader import find_run

    folder = find_run(arguments.runs_dir, arguments.run_id)
    found = search(folder, _secret(arguments.from_env))
    _say(found, done=arguments.yes)
    if arguments.yes:
        if found.blobs:
            author = arguments.author or _author()
            size = remove(folder.parent, folder.name, found.blobs, arguments.reason, author)
            print(f"{size} bytes removed, with a tombstone in the record")
        for path in found.derived:
            path.unlink()
    elif found.blobs or found.derived:
        print("nothing was changed; give --yes to do it")
    return 1 if found.events else 0


def _secret(from_env: str | None) -> str:
    """The secret comes by a variable or by standard input, never by the command line, which other
    users can see and shells remember.
    """
    if from_env is not None:
        secret = os.environ.get(from_env, "")
        if not secret:
            raise InputError(f"--from-env {from_env}: no such variable, or it is empty")
    elif sys.stdin.isatty():
        secret = getpass.getpass("secret (not shown): ")
    else:
        secret = sys.stdin.read().strip("\n")
    if len(secret) < LEAST:
        raise InputError(f"give a secret of at least {LEAST} characters")
    return secret


def _say(found: Found, *, done: bool) -> None:
    verb = "is removed" if done else "would be removed"
    if not (found.blobs or found.derived or found.events):
        print("the secret is nowhere in this run")
    for digest in found.blobs:
        print(f"content {digest} {verb}")
    for path in found.derived:
        print(f"derived file {harmless(path.name)} {verb}")
    for number in found.events:
        print(
            f"event #{number} holds it in the line itself: that cannot go without breaking the"
            " chain; revoke the secret, and keep or remove the whole run"
        )


def prune(arguments: argparse.Namespace) -> int:
    """Drop the contents of old runs; their lines and seals stay and still verify."""
    from ohgw_agent.trace.erasure import old_runs, remove

    if arguments.keep is None and arguments.older_than is None:
        raise InputError("say what may go: --keep N, --older-than 90d, or both")
    old = old_runs(arguments.runs_dir, arguments.keep, arguments.older_than)
    for run in old:
        print(f"{harmless(run.run)}  {counted(len(run.blobs), 'content')}, {run.size} bytes")
    total = sum(run.size for run in old)
    if not arguments.yes:
        print(f"{total} bytes would go; give --yes to do it")
        return 0
    for run in old:
        author = arguments.author or _author()
        remove(arguments.runs_dir, run.run, run.blobs, arguments.reason, author)
    print(f"{total} bytes removed from {counted(len(old), 'run')}")
    return 0


def _author() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
