"""Journal: all writes to variables and objects, so that worlds can be undone and joined.

An arm of a branch runs in a level of its own. Its writes are captured and undone, then the arms'
writes are joined slot by slot: where they agree the value stays, elsewhere it becomes unknown.
"""

from __future__ import annotations

from typing import Any

from ohgw_tools.interpreter.joining import DEEPEST, element_of, join, same, summary
from ohgw_tools.interpreter.values import (
    MISSING,
    UNKNOWN,
    Class,
    Dict,
    External,
    Function,
    List,
    Module,
    Set,
    Value,
)

Slot = tuple[int, Any]
Level = dict[Slot, tuple[Any, Any, Value]]  # slot -> owner, key, the value before
SHAPE = "\0shape"  # key of what a container has beside its items
STABLE = (Function, Class, Module, External)


def read_slot(owner: Any, key: Any) -> Value:
    """Return what a slot holds now, MISSING if nothing."""
    if isinstance(owner, dict):
        return owner.get(key, MISSING)
    if isinstance(owner, Dict):
        return owner.exact if key is SHAPE else owner.items.get(key, MISSING)
    if isinstance(owner, List):
        return (list(owner.items), owner.exact, owner.element, owner.nonempty)
    return (set(owner.items), owner.exact)


def _write(owner: Any, key: Any, value: Value) -> None:
    if type(owner) is dict:  # variables: most of all writes
        if value is MISSING:
            owner.pop(key, None)
        else:
            owner[key] = value
    elif isinstance(owner, List):
        owner.items, owner.exact, owner.element, owner.nonempty = value
        owner.items = list(owner.items)
    elif isinstance(owner, Set):
        owner.items, owner.exact = set(value[0]), value[1]
    elif isinstance(owner, Dict) and key is SHAPE:
        owner.exact = value
    else:
        store = owner.items
        if value is MISSING:
            store.pop(key, None)
        else:
            store[key] = value


class Journal:
    """A stack of levels; the lowest has no journal at all, so that plain code costs nothing."""

    def __init__(self) -> None:
        self.levels: list[Level] = []
        self.writes = 0

    def note(self, owner: Any, key: Any) -> None:
        """Remember what stands in a slot, before it is written."""
        self.writes += 1
        if self.levels:
            level = self.levels[-1]
            slot = (id(owner), key)
            if slot not in level:
                variable = type(owner) is dict
                before = owner.get(key, MISSING) if variable else read_slot(owner, key)
                level[slot] = (owner, key, before)

    def put(self, owner: Any, key: Any, value: Value) -> None:
        """Write a variable, an attribute or a dict's item."""
        self.note(owner, key)
        if type(owner) is dict and value is not MISSING:  # most of all writes
            owner[key] = value
        else:
            _write(owner, key, value)

    def begin(self) -> None:
        """Open a level."""
        self.levels.append({})

    def keep(self) -> Level:
        """Close a level and leave its writes in place."""
        level = self.levels.pop()
        if self.levels:
            below = self.levels[-1]
            for slot, entry in level.items():
                below.setdefault(slot, entry)
        return level

    def take(self) -> Level:
        """Close a level, undo its writes, and return them: slot to owner, key, value written."""
        level = self.levels.pop()
        written = {s: (o, k, read_slot(o, k)) for s, (o, k, _) in level.items()}
        for owner, key, before in level.values():
            _write(owner, key, before)
        return written

    def apply(self, worlds: list[Level]) -> None:
        """Make the state one in which any of the worlds may have happened."""
        touched: Level = {}
        for world in worlds:
            touched.update(world)
        for slot, (owner, key, _) in touched.items():
            now = read_slot(owner, key)
            values = [w[slot][2] if slot in w else now for w in worlds]
            self.note(owner, key)
            self._merge(owner, key, values)

    def _merge(self, owner: Any, key: Any, values: list[Value]) -> None:
        if isinstance(owner, (List, Set)):
            _write(owner, key, _merge_shapes(owner, values))
        elif isinstance(owner, Dict) and key is SHAPE:
            owner.exact = all(values)
        elif MISSING not in values:
            _write(owner, key, join(values))
        elif all(v is MISSING for v in values):
            _write(owner, key, MISSING)
        elif isinstance(owner, Dict):
            self.put(owner, SHAPE, False)
            owner.items.pop(key, None)
        else:
            _write(owner, key, UNKNOWN)

    def havoc(self, level: Level, certain: bool) -> None:
        """Forget what a loop's body, run once, would change if it ran again.

        `level` is what `keep` returned; `certain` if the body runs at least once.
        """
        for owner, key, before in level.values():
            now = owner.get(key, MISSING) if type(owner) is dict else read_slot(owner, key)
            if type(owner) is dict and (now is before or now is UNKNOWN):
                continue
            if isinstance(owner, List):
                self._forget_list(owner, before, certain)
            elif isinstance(owner, Set):
                self.put(owner, key, (set(), False))
            elif isinstance(owner, Dict):
                self._forget_item(owner, key, before, now, certain)
            elif not same(before, now) and not (before is MISSING and isinstance(now, STABLE)):
                self.put(owner, key, join([now, before]) if before is not MISSING else _blur(now))

    def _forget_list(self, owner: List, before: Value, certain: bool) -> None:
        items, exact, element, nonempty = before
        unchanged = owner.exact and exact and len(owner.items) == len(items)
        if unchanged and all(map(same, items, owner.items)):
            return
        grown = bool(owner.items) if owner.exact else owner.nonempty
        old = items if exact else [element]
        blurred = _blur(summary([element_of(owner), *old]))
        known = (bool(items) if exact else nonempty) or (certain and grown)
        self.put(owner, None, ([], False, blurred, known and grown))

    def _forget_item(self, owner: Dict, key: Any, before: Value, now: Value, certain: bool) -> None:
        if key is SHAPE or same(before, now):
            return
        self.put(owner, SHAPE, False)
        if before is MISSING and not certain:
            owner.items.pop(key, None)
        elif now is not MISSING:
            self.put(owner, key, _blur(now))


def _blur(value: Value, depth: int = 0) -> Value:
    """Return what stays known of a value that later rounds of a loop make anew."""
    if isinstance(value, Dict) and depth < DEEPEST:
        # Where a later round gives it other keys, that round is run too (see `rounds`).
        return Dict({k: _blur(v, depth + 1) for k, v in value.items.items()}, value.exact)
    if isinstance(value, STABLE):
        return value
    return UNKNOWN


def _merge_shapes(owner: Any, values: list[Value]) -> Value:
    first = values[0]
    if isinstance(owner, Set):
        alike = all(v == first for v in values[1:])
        return first if alike else (set(), False)
    alike = all(
        len(v[0]) == len(first[0]) and v[1] and all(map(same, v[0], first[0])) for v in values
    )
    if alike:
        return first
    elements = [e for v in values for e in (v[0] if v[1] else [v[2]])]
    nonempty = all(bool(v[0]) if v[1] else v[3] for v in values)
    return ([], False, summary(elements), nonempty)
