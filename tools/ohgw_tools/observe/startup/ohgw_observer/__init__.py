"""The observer: writes down what a program does, without changing what it does.

It runs inside the sandbox, in the program's own processes, so nothing that it writes is proof: the
host holds it against what it sees from outside. Standard library alone, Python 3.9 or newer.
"""

from __future__ import annotations

import os
import sys


def start(setting: str) -> None:
    """Start observing this process. `setting` is `nonce:directory`, the directory relative to where
    the first process starts; the processes that it starts are told the absolute path.
    """
    nonce, _, directory = setting.partition(":")
    if not os.path.isabs(directory):  # noqa: PTH117
        directory = os.path.join(os.getcwd(), directory)  # noqa: PTH109, PTH118
        os.environ["OHGW_OBSERVE"] = nonce + ":" + directory
    from . import audit, calls, libraries
    from .record import Record

    record = Record(nonce, directory)
    record.begin(sys.argv if hasattr(sys, "argv") else sys.orig_argv)
    root = os.path.dirname(directory)  # noqa: PTH120
    audit.install(record, root)
    libraries.install(record, root, calls.install(record, root))
