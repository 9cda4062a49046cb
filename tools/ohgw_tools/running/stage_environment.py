"""StageEnvironment: what a bundle's files say about the packages that it runs with."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import cached_property

from pydantic import JsonValue

from ohgw_tools.environments.environment import EnvironmentOptions, ensure
from ohgw_tools.environments.lock_file import LOCK_NAMES, Lock, read_lock
from ohgw_tools.environments.pinned import TORCH_FAMILY
from ohgw_tools.environments.requirement import declared, read_declaration
from ohgw_tools.environments.resolver_message import package_of
from ohgw_tools.errors import EnvironmentUnsatisfiable
from ohgw_tools.running.missing_dependency import PYPROJECT
from ohgw_tools.sandbox import Interpreter
from ohgw_tools.subject import Subject


class StageEnvironment:
    """The interpreter of one bundle: a given one, or one with its dependencies."""

    def __init__(
        self, subject: Subject, given: Interpreter | None, options: EnvironmentOptions
    ) -> None:
        self._subject = subject
        self._given = given
        self._options = options
        self._lock = Lock()

    @property
    def is_built(self) -> bool:
        """Whether packages are installed for the bundle."""
        return self._given is None and self._options.python is None

    @cached_property
    def pyproject(self) -> str:
        """The text of the bundle's pyproject, empty where there is none."""
        return self._subject.files.get(PYPROJECT, "")

    def interpreter(
        self,
        omit: frozenset[str],
        on_progress: Callable[[str], None] | None,
        cancel: threading.Event | None,
    ) -> Interpreter:
        """Return it, built first if need be. Raises as `ensure` does."""
        if self._given is not None:
            return self._given
        if self.is_built:
            self._lock = read_lock(self._locks)
        return ensure(
            self.pyproject,
            locks=self._locks,
            omit=omit,
            trusted=self._names_in_base(),
            on_progress=on_progress,
            cancel=cancel,
            **dict(self._options),
        )

    def unneeded(self) -> frozenset[str]:
        """Companions of torch that are declared and that no file mentions.

        Each is built for one build of torch, is large, and breaks others that find it when the two
        do not fit. They are left out at first, which the verdict's facts say; should an import want
        one after all, an environment with them is built and the run starts again.
        """
        if not self.is_built:
            return frozenset()
        lines = declared(self.pyproject, self._locks).lines
        names = {package_of(line) for line in lines} & (TORCH_FAMILY - {"torch"})
        code = [text for path, text in self._subject.files.items() if path.endswith(".py")]
        return frozenset(n for n in names if not any(re.search(rf"\b{n}\b", c) for c in code))

    def facts(self) -> dict[str, JsonValue]:
        """What was taken from a lock, if there is one, and what was passed over."""
        if not self._lock.path:
            return {}
        return {
            "lock": {
                "file": self._lock.path,
                "pins": len(self._lock.pins),
                "hashed": sum(bool(pin.hashes) for pin in self._lock.pins),
                "ignored": [*self._lock.ignored[:20]],
            }
        }

    @cached_property
    def _locks(self) -> dict[str, str]:
        files = self._subject.files
        return {name: files[name] for name in LOCK_NAMES if name in files}

    def _names_in_base(self) -> frozenset[str]:
        """What the base code declares: given to us, not made up."""
        try:
            lines = read_declaration(self._subject.base.get(PYPROJECT, "")).lines
        except EnvironmentUnsatisfiable:
            return frozenset()
        return frozenset(map(package_of, lines))
