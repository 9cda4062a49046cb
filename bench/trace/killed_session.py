"""KilledSession: a process that carries a run on, with a model on a socket, and dies on cue.

Used by `loop_kills.py`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chat"))

MEND = ("optimiser_kind(optimizer)", 'optimizer["type"].lower()')
ASIDE = '    """Mean cross-entropy and accuracy of a split."""\n'


def block(search: str, replace: str) -> str:
    return (
        "NOTE: a try\n\nFILE: src/train.py\n<<<<<<< SEARCH\n"
        f"{search}=======\n{replace}>>>>>>> REPLACE\n"
    )


LINE = "    kind = {}\n"
ANSWERS = (
    block(ASIDE, '    """Of a split."""\n'),
    block("    no such line\n", "x\n"),
    block(LINE.format(MEND[0]), LINE.format(MEND[1])),
)


def serve(log: Path, pipe: Any) -> None:
    """The model: its n-th different question gets the n-th answer, in each run from the first."""
    from scripted_server import Request, Say, ScriptedServer

    asked: dict[str, list[str]] = {}
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def answer(request: Request) -> Say:
        run, key = str(request.body["model"]), request.key
        known = asked.setdefault(run, [])
        if key not in known:
            known.append(key)
        number = len(server.requests)
        os.write(out, f"{run} {number} {key} {request.at}\n".encode())
        request.body["messages"] = []  # thousands of requests are kept
        said = ANSWERS[min(known.index(key), len(ANSWERS) - 1)]
        return Say(said, delay=0.02, usage=(number, 20))  # by its tokens an answer is known again

    with ScriptedServer(answer) as server:
        pipe.send(server.url)
        pipe.recv()


class KilledSession:
    """What a forked process does: notes outside of the record what happened, and dies on cue."""

    def __init__(self, folder: Path, die_at: str) -> None:
        self.out = os.open(folder / "outside.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.what, _, number = die_at.partition(":")
        self.number = int(number or -1)
        self.appends = self.syncs = 0

    def note(self, *words: object) -> None:
        os.write(self.out, (" ".join(map(str, (*words, time.monotonic()))) + "\n").encode())

    def die_if(self, what: str, number: int) -> None:
        if (what, number) == (self.what, self.number):
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Watch what is recorded, synced and run."""
        from ohgw_agent.trace.lines import Lines
        from ohgw_agent.trace.run import Run
        from ohgw_tools.running import smoke

        write, append, sync, run = Lines.append, Run.append, os.fsync, smoke.run_stage

        def writing(lines: Lines, line: bytes) -> None:
            self.die_if("before", self.appends)
            if (self.what, self.number) == ("torn", self.appends):
                with lines.path.open("ab") as file:
                    file.write(line[: len(line) // 2])
                self.die_if("torn", self.appends)
            write(lines, line)
            self.appends += 1

        def appending(record: Run, kind: str, *more: Any, **others: Any) -> Any:
            event = append(record, kind, *more, **others)
            self.note("event", event.seq, event.digest, kind)
            self.die_if("after", self.appends - 1)
            return event

        def syncing(descriptor: int) -> None:
            self.die_if("fsync", self.syncs)
            self.syncs += 1
            sync(descriptor)

        def running(bundle: Any, *more: Any, **others: Any) -> Any:
            self.note("sandbox", bundle.derived.digest)
            return run(bundle, *more, **others)

        Lines.append, Run.append = writing, appending  # type: ignore[method-assign, assignment]
        os.fsync, smoke.run_stage = syncing, running  # type: ignore[assignment]
