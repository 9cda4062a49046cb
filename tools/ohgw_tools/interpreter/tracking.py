"""Tracking: which values of the configuration files are read, compared, or leave our sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohgw_tools.interpreter.interpretation import Comparison, Interpretation
from ohgw_tools.interpreter.values import ConfigText, Dict, List, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.values import Origin

EXTERNAL = "*external*"  # stands for the constants that a library compares with


class Uses:
    """Writes what happens to configured values into the interpretation."""

    def __init__(self, interpretation: Interpretation) -> None:
        self._interpretation = interpretation
        self.last_miss: tuple[ConfigText, tuple[str, int]] | None = None

    def read(self, owner: Dict, key: Value) -> None:
        """A key of a dict was read."""
        if owner.origin is not None:
            keys = (*owner.origin.keys, key)
            self._interpretation.config(owner.origin.path).reads.add(keys)

    def escape(self, value: Value) -> None:
        """A whole container was handed to code that is not seen, or iterated."""
        if isinstance(value, (Dict, List)) and value.origin is not None:
            self._interpretation.config(value.origin.path).escapes.add(value.origin.keys)
        elif isinstance(value, Dict):
            for each in value.items.values():
                self._leave(each)
        elif isinstance(value, List):
            for each in value.items:
                self._leave(each)

    def _leave(self, value: Value) -> None:
        if isinstance(value, (Dict, List, ConfigText)) and value.origin is not None:
            self.leave(value)

    def leave(self, value: Value) -> None:
        """A value was handed to code that is not seen."""
        if isinstance(value, ConfigText):
            self._note(value.origin, Comparison((EXTERNAL,), True, "", 0))
        else:
            self.escape(value)

    def compare(
        self, value: Value, constants: tuple[str, ...], matched: bool, where: tuple[str, int]
    ) -> None:
        """A configured string was compared with constants."""
        if isinstance(value, ConfigText):
            self._note(value.origin, Comparison(constants, matched, *where))
            self.last_miss = None if matched else (value, where)

    def _note(self, origin: Origin, comparison: Comparison) -> None:
        comparisons = self._interpretation.config(origin.path).comparisons
        known = comparisons.setdefault(origin.keys, [])
        if comparison not in known:
            known.append(comparison)
