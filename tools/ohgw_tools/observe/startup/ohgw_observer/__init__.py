"""The observer: writes down what a program does, without changing what it does.

It runs inside the sandbox, in the program's own processes, so nothing that it writes is proof: the
host holds it against what it sees from outside. Standard library alone, Python 3.9 or newer.
"""

from __future__ import annotations

import os
import sys
import time


def start(setting: str) -> None:
    """Start observing this process. `setting` is `nonce:deadline:directory`, for the first process
    in seconds from now and relative to where it starts; the processes that it starts are told the
    time on the monotonic clock and the absolute path.
    """
    nonce, deadline, directory = setting.split(":", 2)
    if not os.path.isabs(directory):  # noqa: PTH117
        directory = os.path.join(os.getcwd(), directory)  # noqa: PTH109, PTH118
        deadline = str(time.monotonic() + float(deadline))
        os.environ["OHGW_OBSERVE"] = nonce + ":" + deadline + ":" + directory
    from . import audit, calls, libraries, probing, stacks
    from .record import Record

    record = Record(nonce, directory)
    record.begin(sys.argv if hasattr(sys, "argv") else sys.orig_argv)
    root = os.path.dirname(directory)  # noqa: PTH120
    stacks.install(directory, float(deadline))
    audit.install(record, root)
    libraries.install(record, root, calls.install(record, root), probing.watchers(record, root))
