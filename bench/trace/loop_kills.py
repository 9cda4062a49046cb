"""Kill whole `ohgw-agent fix` runs, with a chat model on a socket, and take each to its end.

    python bench/trace/loop_kills.py --kills 1000
    python bench/trace/loop_kills.py --kills 60 --sandbox bubblewrap

A run repairs a bundle with seven defects: recipes mend six, the model the last one, after answers
that do not help. Each session is the command line itself (`fix`, then `resume` until the run has
ended) in a process forked from one that has everything imported. Sessions are killed with SIGKILL

* beside each event that a run writes: before a byte of it, with half its line on disk, and after;
* at each of a run's fsyncs: before contents, headers, the seal and the index are on disk
  (`--places N` takes every N-th of these places);
* at random instants, until enough kills were made.

Counted: acknowledged events that are gone, runs that cannot be read, model calls made although the
answer was on record, sandbox runs made although the verdict was, steps recorded twice, ends that
differ from the uninterrupted run's. All must be 0; the exit code is 1 if one is not. A call whose
answer was not on record yet when the kill came must be made again: those are counted too.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from killed_session import MEND, ROOT, KilledSession, serve


@dataclass
class Counts:
    """What went wrong, and how much was tried."""

    kills: int = 0
    runs: int = 0
    calls: int = 0
    lost: int = 0
    unreadable: int = 0
    paid_twice: int = 0
    sandbox_twice: int = 0
    steps_twice: int = 0
    other_end: int = 0
    in_flight: int = 0
    torn: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (
            self.lost or self.unreadable or self.paid_twice or self.sandbox_twice
            or self.steps_twice or self.other_end
        )  # fmt: skip


class Range:
    """Where runs are made and killed."""

    def __init__(self, base: Path, sandbox: str, url: str, calls: Path) -> None:
        self.base, self.sandbox, self.url, self.calls = base, sandbox, url, calls
        self.counts = Counts()
        self.bundle = base / "bundle.json"
        text = (ROOT / "examples" / "quickstart.json").read_text()
        right = json.dumps(MEND[1])[1:-1]
        assert text.count(right) > 0
        self.bundle.write_text(text.replace(right, MEND[0]))
        self.number = 0
        self.expected = ""

    def new(self) -> Path:
        """A folder for one more run."""
        self.number += 1
        self.counts.runs += 1
        folder = self.base / f"run{self.number}"
        folder.mkdir()
        return folder

    def words(self, folder: Path) -> list[str]:
        """`fix` where no run has begun, else `resume`."""
        runs = folder / "runs"
        begun = [p for p in runs.glob("2*/events.jsonl") if b"\n" in p.read_bytes()]
        if begun:
            return ["resume", begun[0].parent.name, "--runs-dir", str(runs), "-q", "--json"]
        how = ["--sandbox", self.sandbox] if self.sandbox != "none" else ["--static-only"]
        model = ["--base-url", self.url, "--model", folder.name, "--no-review"]
        return ["fix", str(self.bundle), "--runs-dir", str(runs), "-q", "--json", *how, *model]

    def session(self, folder: Path, delay: float | None, die_at: str = "") -> bool:
        """Carry a run on; kill it after `delay` seconds. Returns whether it ended by itself."""
        words = self.words(folder)
        child = os.fork()
        if child == 0:
            code = 99
            try:
                out = os.open(folder / "out.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.dup2(out, 1), os.dup2(out, 2)
                from ohgw_agent.cli import main

                KilledSession(folder, die_at).arm()
                code = main(words)
                sys.stdout.flush()
            finally:
                os._exit(code)
        if delay is not None:
            time.sleep(delay)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            raise SystemExit(f"a session failed by itself:\n{(folder / 'out.txt').read_text()}")
        self.counts.kills += not os.WIFEXITED(status)
        return os.WIFEXITED(status)

    def finish(self, folder: Path) -> None:
        """Take a run to its end without another kill, and look at all of it."""
        self.session(folder, None)
        self.inspect(folder)
        shutil.rmtree(folder)

    def inspect(self, folder: Path) -> None:
        """Compare the record with what was noted outside of it."""
        from ohgw_agent.trace.reader import Reader
        from ohgw_agent.trace.verification import verify
        from ohgw_tools.errors import OhgwError

        counts = self.counts
        places = [p for p in (folder / "runs").glob("2*") if b"\n" in _content(p)]
        try:
            (place,) = places
            events = Reader(place).events
        except (OhgwError, ValueError) as error:
            counts.unreadable += 1
            counts.problems.append(f"{folder.name}: {error}")
            return
        noted = [row.split() for row in (folder / "outside.log").read_text().splitlines()]
        digests = {event.digest for event in events}
        counts.lost += sum(w[0] == "event" and w[2] not in digests for w in noted)
        counts.torn += sum(event.kind == "torn" for event in events)
        steps = [(e.kind, e.step) for e in events if e.step]
        counts.steps_twice += len(steps) - len(set(steps))
        self._repeated(folder.name, events, noted)
        end = str(events[-1].data.get("best_tree"))
        if (end, verify(place).level) != (self.expected or end, "sealed"):
            counts.other_end += 1
            counts.problems.append(f"{folder.name}: ended with {end}, {verify(place).level}")
        self.expected = self.expected or end

    def _repeated(self, run: str, events: tuple[Any, ...], noted: list[list[str]]) -> None:
        """Count calls and sandbox runs that came after their result was acknowledged."""
        rows = [row.split() for row in self.calls.read_text().splitlines()]
        calls = [(int(row[1]), row[2], float(row[3])) for row in rows if row[0] == run]
        when = {w[1]: float(w[-1]) for w in noted if w[0] == "event"}
        key_of = {number: key for number, key, _ in calls}
        since: dict[str, float] = {}
        for event in events:
            at = when.get(str(event.seq), float("inf"))
            if event.kind == "model.reply":
                since[key_of[event.data["input_tokens"]]] = at
            elif event.kind == "verdict" and event.data["stage"] == "sandbox":
                since.setdefault(str(event.data["tree"]), at)
        never = float("inf")
        again = [at > since.get(key, never) for _, key, at in calls]
        self.counts.calls += len(calls)
        self.counts.paid_twice += sum(again)
        self.counts.in_flight += len(calls) - len(key_of.keys() & _answered(events)) - sum(again)
        ran = [(w[1], float(w[-1])) for w in noted if w[0] == "sandbox"]
        self.counts.sandbox_twice += sum(at > since.get(tree, never) for tree, at in ran)


def _answered(events: tuple[Any, ...]) -> set[int]:
    return {e.data["input_tokens"] for e in events if e.kind == "model.reply"}


def _content(run: Path) -> bytes:
    path = run / "events.jsonl"
    return path.read_bytes() if path.exists() else b""


def warm(shooting: Range) -> tuple[float, int, int]:
    """Import all that a run imports; make the run that nothing interrupts. Returns the seconds that
    a session takes, and how many events and syncs a run has.
    """
    place = shooting.base / "modules.json"

    def report(folder: Path) -> None:
        session = KilledSession(folder, "")
        session.arm()
        from ohgw_agent.cli import main

        main(shooting.words(folder))
        facts = {"modules": sorted(sys.modules), "events": session.appends, "syncs": session.syncs}
        place.write_text(json.dumps(facts))

    for _ in range(2):  # the second one is timed, with everything imported
        folder, began = shooting.new(), time.monotonic()
        child = os.fork()
        if child == 0:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            try:
                report(folder)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        seconds = time.monotonic() - began
        facts = json.loads(place.read_text())
        for name in facts["modules"]:
            if not name.startswith(("_", "test")) and name not in sys.modules:
                _quietly(name)
        shooting.inspect(folder)
    return seconds, facts["events"], facts["syncs"]


def _quietly(name: str) -> None:
    try:
        import_module(name)
    except ImportError:  # a module that only its package may import
        return


def at_places(shooting: Range, places: list[str]) -> None:
    """One run for each place: killed there, then taken to its end."""
    for place in places:
        folder = shooting.new()
        shooting.session(folder, None, place)
        shooting.finish(folder)


def at_random(shooting: Range, kills: int, seconds: float, rng: random.Random) -> None:
    """Runs that are killed again and again, until enough kills were made."""
    while shooting.counts.kills < kills:
        folder = shooting.new()
        longest = rng.choice((0.1, 0.4, 1.0)) * seconds
        for _ in range(12):
            if shooting.session(folder, rng.uniform(0, longest)):
                break
        shooting.finish(folder)


def print_counts(counts: Counts) -> None:
    print(f"kills {counts.kills}, runs {counts.runs}, torn lines set aside {counts.torn}")
    print(f"acknowledged events lost {counts.lost}")
    print(f"runs unreadable {counts.unreadable}")
    print(f"model calls repeated although the answer was on record {counts.paid_twice}")
    print(f"sandbox runs repeated although the verdict was on record {counts.sandbox_twice}")
    print(f"steps recorded twice {counts.steps_twice}")
    print(f"runs that ended otherwise than the uninterrupted one {counts.other_end}")
    print(f"(of {counts.calls} model calls {counts.in_flight} were under way at a kill)")
    print("\n".join(counts.problems[:20]))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--places", type=int, default=1, help="every N-th place; 0: none")
    parser.add_argument("--sandbox", default="none", help="run the smoke tests too, there")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args(argv)
    os.environ["OPENAI_API_KEY"] = "a-key-of-no-worth"
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        calls = Path(name, "calls.log")
        calls.touch()
        server = multiprocessing.get_context("spawn").Process(
            target=serve, args=(calls, theirs), daemon=True
        )
        server.start()
        shooting = Range(Path(name), arguments.sandbox, ours.recv(), calls)
        seconds, events, syncs = warm(shooting)
        print(f"a run has {events} events and {syncs} syncs; a warm session takes {seconds:.2f} s")
        places = [f"{w}:{n}" for n in range(events) for w in ("before", "torn", "after")]
        places += [f"fsync:{n}" for n in range(syncs)]
        at_places(shooting, places[:: arguments.places] if arguments.places else [])
        rng = random.Random(arguments.seed)
        at_random(shooting, arguments.kills, seconds, rng)
        ours.send("done")
        server.join(10)
    print_counts(shooting.counts)
    return 0 if shooting.counts.clean else 1


if __name__ == "__main__":
    sys.exit(main())
