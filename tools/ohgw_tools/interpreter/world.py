"""World: what all processes of one interpretation share: trees, files, the record, the budget."""

from __future__ import annotations

import ast
import time
from functools import cached_property
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import serialisation, subprocesses
from ohgw_tools.interpreter.files import normal
from ohgw_tools.interpreter.interpretation import CertainException, Interpretation, Launch
from ohgw_tools.interpreter.journal import Journal
from ohgw_tools.interpreter.names import Names
from ohgw_tools.interpreter.process import Process
from ohgw_tools.interpreter.signals import OutOfBudget
from ohgw_tools.interpreter.tracking import Uses
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    UNKNOWN_TEXT,
    ConfigText,
    External,
    Origin,
    Serialised,
    Value,
    config_text,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.values import Bound, Function
    from ohgw_tools.subject import Subject

FAULTS = (AttributeError, TypeError, KeyError, IndexError, ValueError, ArithmeticError,
          NotImplementedError, AssertionError, RuntimeError)  # fmt: skip
# For all programs of a bundle together. Statements are counted so that a slow machine judges as a
# fast one does; the CPU time is there for statements that take long.
STEPS, SECONDS = 200_000, 6.0
LAUNCHES = 160
RESULTS = "results-of-this-run"  # stands for the contract's {results}


class World:
    """One bundle under interpretation."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.interpretation = Interpretation(results=RESULTS)
        self.uses = Uses(self.interpretation)
        self.journal = Journal()
        self.files: dict[str, Value] = dict(subject.files)
        self.folders = {p for f in subject.files for p in _parents(f)} | {RESULTS}
        self.results = RESULTS
        self.program = "full"
        self.ended = False
        self.run_origins: dict[str, Origin] = {}
        self.run_data: dict[str, object] = {}
        self.called_back: dict[object, Function | Bound] = {}
        self._processes: list[Process] = []
        self._deadline = time.process_time() + SECONDS
        self._steps = 0
        self._temporary = 0
        self._parsed: dict[tuple[str, str], object] = {}

    def begin(self, program: str) -> None:
        """Start a program in a fresh checkout with an empty folder for results."""
        self.program = program
        self.files = dict(self.subject.files)
        self.ended = False

    def tree(self, path: str) -> ast.Module | None:
        """Return the syntax tree of a Python file of the bundle, None if there is none."""
        file = self.subject.python(path)
        return file.tree if file is not None else None

    def names(self, path: str) -> Names:
        """Return the answers about a Python file of the bundle, which must be there."""
        file = self.subject.python(path)
        assert file is not None
        return file.derive(Names)

    def module_path(self, name: str) -> str | None:
        """Return the path of a module of the bundle by its dotted name."""
        return self.subject.modules.get(name)

    def is_own_package(self, name: str) -> bool:
        """Whether a top-level name is a package of the bundle."""
        return self.is_package(name)

    def is_package(self, name: str) -> bool:
        """Whether a dotted name is a folder with modules of the bundle."""
        return name in self._packages

    @cached_property
    def _packages(self) -> frozenset[str]:
        return frozenset(
            p.replace("/", ".")
            for f in self.subject.files
            if f.endswith(".py")
            for p in _parents(f)
        )

    @cached_property
    def attributes_set(self) -> frozenset[str]:
        """All names that the bundle sets as attributes of anything, anywhere."""
        found: set[str] = set()
        for path in self.subject.files:
            tree = self.tree(path) if path.endswith(".py") else None
            if tree is not None:
                found |= self.names(path).attributes(tree)
        return frozenset(found)

    def late(self, steps: int) -> bool:
        """Count more steps; return whether the budget of steps or of time is spent."""
        self._steps += steps
        return self._steps > STEPS or time.process_time() > self._deadline

    def forget(self) -> None:
        """Empty the modules of all processes: functions and the scopes that hold them keep each
        other alive, and only the garbage collector would find them.
        """
        for process in self._processes:
            for module in process.modules.values():
                module.variables.clear()

    def report(self, exception: CertainException) -> None:
        """Add a certain exception."""
        self.ended = self.ended or not exception.thread
        self.interpretation.exceptions.append(exception)

    def temporary(self, suffix: str) -> str:
        """Return the path of a new temporary file."""
        self._temporary += 1
        return f"/tmp/of-this-run-{self._temporary}{suffix}"

    def surely_absent(self, name: str) -> bool:
        """Whether no file stands at a path: below a fresh results folder, or beside the sources."""
        if name in self.files or name in self.folders or not self.all_writes_seen():
            return False
        if name.startswith(RESULTS + "/"):
            return True
        return name.startswith("config/") and "config" in self.folders

    def all_writes_seen(self) -> bool:
        """Whether no file can have been written that the virtual files lack."""
        blind = self.interpretation.blind_writes or self.interpretation.aborted
        return not (blind or self.ended)

    def content(self, path: str | None) -> Value:
        """Return what a file holds: text, a Serialised value, or unknown text."""
        if path is None:
            return UNKNOWN_TEXT
        held = self.files.get(normal(path), UNKNOWN_TEXT)
        if isinstance(held, Serialised):
            return Serialised(held.value, normal(path))
        if isinstance(held, str) and not isinstance(held, ConfigText):
            return config_text(held, Origin(normal(path), ()))
        return held

    def parse(
        self, process: Process, text: str, path: str | None, kind: str, node: ast.AST
    ) -> Value:
        """Parse a file of the bundle as its code would; raises the parser's exception."""
        if path is None and isinstance(text, ConfigText) and not text.origin.keys:
            path = text.origin.path
        if path is None or self.files.get(path) != text:
            return UNKNOWN
        data = self._document(process, text, path, kind, node)
        self.interpretation.documents[path] = data
        return serialisation.wrap(data, Origin(path, ()))

    def _document(self, process: Process, text: str, path: str, kind: str, node: ast.AST) -> object:
        file = self.subject.yaml(path)
        if kind == "json" or file is None:
            try:
                return serialisation.parse_text(text, "json") if kind == "json" else UNKNOWN
            except ValueError as error:
                raise process.error("JSONDecodeError", f"{path}: {error}", node) from error
        if file.error:
            raised = process.error("YAMLError", f"{path}: {file.error}", node)
            raised.detail = {"config": path, "syntax": True}
            raise raised
        return file.data

    def start(self, launch: Launch, argv: list[Value] | None) -> None:
        """Run one process to its end and record how it ends."""
        if len(self.interpretation.launches) >= LAUNCHES or self.tree(launch.path) is None:
            return
        self.interpretation.launches.append(launch)
        process = Process(self, launch, argv)
        self._processes.append(process)
        depth = len(self.journal.levels)
        try:
            raised = process.run()
            if raised is not None:
                process.record(raised)
        except OutOfBudget as spent:
            self.interpretation.aborted.append((launch, str(spent)))
        except (RecursionError, MemoryError):
            self.interpretation.aborted.append((launch, "depth"))
        except FAULTS as fault:
            # Our own mistake about some strange code must not be told as the bundle's, nor end the
            # judgement of everything else: nothing more is said of this process.
            self.interpretation.aborted.append((launch, f"fault: {fault!r}"))
        finally:
            while len(self.journal.levels) > depth:
                self.journal.keep()

    def spawn(
        self,
        process: Process,
        name: str,
        positional: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Run what `subprocess` is asked to run, if it is Python code of the bundle."""
        subprocesses.spawn(self, process, positional, keywords, node)
        return External(f"{name}()")


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
