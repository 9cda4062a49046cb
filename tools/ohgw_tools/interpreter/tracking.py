"""Tracking: which values of the configuration files are read, compared, or leave our sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohgw_tools.interpreter.interpretation import Comparison, Interpretation, Keys
from ohgw_tools.interpreter.values import MARKED, ConfigText, Dict, List, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.values import Origin

CONTAINERS = (Dict, List)
PLACED = (*MARKED, Dict, List)
MOST = 5000  # containers that are gone through when one escapes
EXTERNAL = "*external*"  # stands for the constants that a library compares with


class Uses:
    """Writes what happens to configured values into the interpretation."""

    def __init__(self, interpretation: Interpretation) -> None:
        self._interpretation = interpretation
        self.last_miss: tuple[ConfigText, tuple[str, int]] | None = None

    def read(self, owner: Dict, key: Value) -> None:
        """A key of a dict was read: at the dict's place, and at the value's own."""
        if owner.origin is not None:
            self._reads(owner.origin).add((*owner.origin.keys, key))
        self.touch(owner.items.get(key))

    def touch(self, value: Value) -> None:
        """A value was used, wherever it came from."""
        if isinstance(value, PLACED) and value.origin is not None:
            self._reads(value.origin).add(value.origin.keys)

    def iterate(self, owner: Dict) -> None:
        """All items were gone through. Marked values are followed; of the others the place of use
        cannot be seen, so they count as read.
        """
        if owner.origin is not None:
            reads = self._reads(owner.origin)
            keys = owner.origin.keys
            loose = [k for k, v in owner.items.items() if not isinstance(v, PLACED)]
            reads.update((*keys, k) for k in loose)

    def escape(self, value: Value) -> None:
        """A whole container was handed to code that is not seen."""
        seen: set[int] = set()
        stack = [value]
        while stack and len(seen) < MOST:
            each = stack.pop()
            if isinstance(each, MARKED):
                self.leave(each)
            elif isinstance(each, CONTAINERS) and id(each) not in seen:
                seen.add(id(each))
                if each.origin is not None:
                    use = self._interpretation.config(each.origin.path)
                    use.escapes.add(each.origin.keys)
                stack += each.items.values() if isinstance(each, Dict) else each.items

    def leave(self, value: Value) -> None:
        """A value was handed to code that is not seen."""
        if isinstance(value, CONTAINERS):
            self.escape(value)
        elif isinstance(value, MARKED):
            if isinstance(value, ConfigText):
                self._note(value.origin, Comparison((EXTERNAL,), True, "", 0))
            self.touch(value)

    def _reads(self, origin: Origin) -> set[Keys]:
        return self._interpretation.config(origin.path).reads

    def compare(
        self, value: Value, constants: tuple[str, ...], matched: bool, where: tuple[str, int]
    ) -> None:
        """A configured string was compared with constants."""
        if isinstance(value, ConfigText):
            self.touch(value)
            self._note(value.origin, Comparison(constants, matched, *where))
            self.last_miss = None if matched else (value, where)

    def _note(self, origin: Origin, comparison: Comparison) -> None:
        comparisons = self._interpretation.config(origin.path).comparisons
        known = comparisons.setdefault(origin.keys, [])
        if comparison not in known:
            known.append(comparison)
