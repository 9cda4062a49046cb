"""Kill a recorded run at random instants, and at the start, middle and end of each of its steps.

    python bench/trace/kills.py --kills 1000

A child process carries out a run of several rounds (ask a model, apply a patch, judge, take stock)
through the real writer, skipping whatever the record already holds. It is killed with SIGKILL and
started again until it ends. Counted over all runs: acknowledged events that are gone, runs that do
not open, model calls paid although their answer had been recorded, ends that differ from the
uninterrupted run's. Every count must be 0; the exit code is 1 if one is not.

For comparison the same kills hit a writer that rewrites one whole JSON file a step, as many agents
do: printed is how many of its files could not be read afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ohgw_agent.trace.event import Event
from ohgw_agent.trace.reader import EVENTS, Reader, find_run
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.verification import verify
from ohgw_tools.errors import InputError, OhgwError
from ohgw_tools.tree import Tree, sha256

ROUNDS = 6
PLACES = ("start", "middle", "end")
INPUT = Tree({f"src/file{n}.py": f"x = {n}\n" * 300 for n in range(8)})


@dataclass
class Counts:
    """What went wrong, and how much was tried."""

    kills: int = 0
    runs: int = 0
    lost: int = 0
    unreadable: int = 0
    paid_twice: int = 0
    other_end: int = 0
    torn: int = 0
    unreadable_rewritten: int = 0
    kills_rewritten: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.unreadable or self.paid_twice or self.other_end)


class Worker:
    """One session of a run: goes on from whatever is recorded."""

    def __init__(self, folder: Path, die_at: str | None) -> None:
        self.folder = folder
        self.die_at = die_at
        self.log = os.open(folder / "outside.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, word: str, value: str) -> None:
        """Write down outside the record what happened, for the parent to compare."""
        os.write(self.log, f"{word} {value}\n".encode())

    def at(self, place: str) -> None:
        if place == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def open(self) -> Run:
        runs = self.folder / "runs"
        try:
            return Run.open(runs, "last", redactor=Redactor())
        except InputError:
            return Run.create(runs, {"tool": "bench", "derived_tree": INPUT}, redactor=Redactor())

    def step(self, kind: str, name: str, work: Callable[[], dict[str, object]]) -> Event:
        """Do a step unless its result is on record; acknowledge it once it is."""
        found = self.run.recorded(kind, name)
        if found is None:
            self.at(f"{name}:start")
            data = work()
            self.at(f"{name}:middle")
            found = self.run.append(kind, data, step=name)
            self.note("acknowledged", f"{found.seq} {found.digest}")
            self.at(f"{name}:end")
        return found

    def ask(self, key: str) -> dict[str, object]:
        self.note("paid", key)
        return {"key": key, "reply_blob": f"answer to {key} ".encode() * 100}

    def go(self) -> None:
        """Carry the run to its end and seal it."""
        self.run = self.open()
        tree = INPUT
        for number in range(1, ROUNDS + 1):
            key = sha256(f"{number} {tree.digest}".encode())
            self.step("model.reply", f"{number}/ask", lambda key=key: self.ask(key))  # type: ignore[misc]
            after = tree.with_file(f"src/file{number % 8}.py", f"# round {number}\n" * 200)
            patch = {"base_tree": tree, "result_tree": after, "patch_blob": b"p%d" % number * 200}
            self.step("patch", f"{number}/patch", lambda patch=patch: patch)  # type: ignore[misc]
            said = {"tree": after, "verdict_blob": f"verdict {number} ".encode() * 500}
            self.step("verdict", f"{number}/static", lambda said=said: said)  # type: ignore[misc]
            stock = {"attempt": number, "tree": after, "errors": [], "best": True}
            self.step("attempt", f"{number}/attempt", lambda stock=stock: stock)  # type: ignore[misc]
            tree = after
        if self.run.ended is None:
            self.at("seal:start")
            self.run.seal("ready", {"stop": "ready", "best_tree": tree})
            self.at("seal:end")
        self.run.close()


def session(folder: Path, delay: float | None, die_at: str | None = None) -> bool:
    """Run a session in a child; kill it after `delay` seconds. Returns whether it ended itself."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            Worker(folder, die_at).go()
            code = 0
        finally:
            os._exit(code)
    if delay is not None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit("a session failed by itself: see the traceback above")
    return os.WIFEXITED(status)


def inspect(folder: Path, counts: Counts, expected: str | None) -> None:
    """Compare the record with what was noted outside it."""
    runs = folder / "runs"
    noted = [line.split() for line in (folder / "outside.log").read_text().splitlines()]
    if not any(path.stat().st_size for path in runs.glob(f"2*/{EVENTS}")):
        return
    place = find_run(runs, "last")
    try:
        events = Reader(place).events
    except OhgwError as error:
        counts.unreadable += 1
        counts.problems.append(str(error))
        return
    digests = {event.digest for event in events}
    counts.lost += sum(words[2] not in digests for words in noted if words[0] == "acknowledged")
    counts.torn += sum(event.kind == "torn" for event in events)
    counts.paid_twice += paid_twice(noted, events)
    if expected is not None:
        end = events[-1].data.get("best_tree")
        level = verify(place).level
        if end != expected or level != "sealed":
            counts.other_end += 1
            counts.problems.append(f"{place.name}: ended with {end}, {level}")


def paid_twice(noted: list[list[str]], events: tuple[Event, ...]) -> int:
    """Calls for a key after the answer to that key had been acknowledged."""
    by_seq = {str(e.seq): str(e.data.get("key")) for e in events if e.kind == "model.reply"}
    answered: set[str] = set()
    again = 0
    for words in noted:
        if words[0] == "paid":
            again += words[1] in answered
        elif words[1] in by_seq:
            answered.add(by_seq[words[1]])
    return again


def uninterrupted(base: Path) -> str:
    folder = base / "whole"
    (folder / "runs").mkdir(parents=True)
    assert session(folder, None)
    return str(Reader(next((folder / "runs").glob("2*"))).events[-1].data["best_tree"])


def at_each_step(base: Path, counts: Counts, expected: str) -> None:
    """One run for each place in it: killed there, then taken to its end."""
    steps = [
        f"{n}/{name}"
        for n in range(1, ROUNDS + 1)
        for name in ("ask", "patch", "static", "attempt")
    ]
    for place in [f"{s}:{p}" for s in steps for p in PLACES] + ["seal:start", "seal:end"]:
        folder = base / "place"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "runs").mkdir(parents=True)
        counts.runs += 1
        counts.kills += not session(folder, None, place)
        session(folder, None)
        inspect(folder, counts, expected)


def at_random(base: Path, counts: Counts, kills: int, rng: random.Random, expected: str) -> None:
    """Runs that are killed again and again until they end, until enough kills were made."""
    while counts.kills < kills:
        folder = base / "random"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "runs").mkdir(parents=True)
        counts.runs += 1
        longest = rng.choice((0.004, 0.015, 0.05, 0.2))
        for _ in range(40):
            if session(folder, rng.uniform(0, longest)):
                break
            counts.kills += 1
            if (folder / "outside.log").exists():
                inspect(folder, counts, None)
        else:
            session(folder, None)
        inspect(folder, counts, expected)


def rewritten(base: Path, counts: Counts, kills: int, rng: random.Random) -> None:
    """The peer: the whole history as one JSON file, written anew at each step."""
    path = base / "whole.json"
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            try:
                history: list[str] = []
                while True:
                    history.append("step " * 4000)
                    path.write_text(json.dumps(history))
            finally:
                os._exit(1)
        time.sleep(rng.uniform(0.005, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        counts.kills_rewritten += 1
        try:
            json.loads(path.read_text())
        except (ValueError, FileNotFoundError):
            counts.unreadable_rewritten += 1


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument(
        "--folder", type=Path, help="a file system to try (default: a temporary one)"
    )
    arguments = parser.parse_args(argv)
    rng, counts = random.Random(arguments.seed), Counts()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        base = Path(name)
        expected = uninterrupted(base)
        at_each_step(base, counts, expected)
        at_random(base, counts, arguments.kills, rng, expected)
        rewritten(base, counts, max(20, arguments.kills // 10), rng)
    print(f"kills {counts.kills}, runs {counts.runs}, torn lines set aside {counts.torn}")
    print(f"acknowledged events lost {counts.lost}")
    print(f"runs unreadable {counts.unreadable}")
    print(f"model calls paid again although recorded {counts.paid_twice}")
    print(f"runs that ended otherwise than the uninterrupted one {counts.other_end}")
    peer = f"{counts.unreadable_rewritten} of {counts.kills_rewritten}"
    print(f"whole-file rewriting, same kills: unreadable {peer}")
    print("\n".join(counts.problems[:20]))
    return 0 if counts.clean else 1


if __name__ == "__main__":
    sys.exit(main())
