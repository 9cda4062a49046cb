"""Values of the abstract interpreter: what a Python object is known to be.

A value is a plain Python object where all is known (int, float, bool, str, bytes, None, tuple,
range, slice), one of the classes below otherwise. Nothing here runs a bundle's code.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ohgw_tools.interpreter.marked import MARKED as MARKED
from ohgw_tools.interpreter.marked import ConfigFloat as ConfigFloat
from ohgw_tools.interpreter.marked import ConfigInt as ConfigInt
from ohgw_tools.interpreter.marked import ConfigText as ConfigText
from ohgw_tools.interpreter.marked import Origin as Origin
from ohgw_tools.interpreter.marked import config_text as config_text
from ohgw_tools.interpreter.marked import like as like
from ohgw_tools.interpreter.marked import mark as mark

if TYPE_CHECKING:
    from ohgw_tools.interpreter.scope import Scope

Value: TypeAlias = Any  # a plain Python object or one of the classes of this module
LARGEST_TUPLE = 2000
ATOMS = (int, float, str, bool, bytes, complex, type(None))
PLAIN = (*ATOMS, range, slice)


class Unknown:
    """Any object; of type `kind` if that is known. `maybe_empty` if iterating may yield nothing."""

    __slots__ = ("kind", "maybe_empty")

    def __init__(self, kind: type | None = None, maybe_empty: bool = False) -> None:
        self.kind = kind
        self.maybe_empty = maybe_empty

    def __repr__(self) -> str:
        return f"<unknown {self.kind.__name__}>" if self.kind else "<unknown>"


UNKNOWN = Unknown()
UNKNOWN_INT, UNKNOWN_FLOAT, UNKNOWN_TEXT = Unknown(int), Unknown(float), Unknown(str)
MISSING: Any = Unknown()


@dataclass(slots=True)
class External:
    """A name of a library that is not interpreted, by its dotted name."""

    name: str


@dataclass(slots=True, eq=False)
class Dict:
    """A dict. If not `exact`, it may hold more keys than `items` does.

    `file` is the file of results that it was read back from. `dotted` if its keys can be read
    as attributes (OmegaConf, argparse-like wrappers); `struct` if
    reading a missing one that way raises.
    """

    items: dict[Any, Value] = field(default_factory=dict)
    exact: bool = True
    origin: Origin | None = None
    dotted: bool = False
    struct: bool = False
    file: str | None = None


@dataclass(slots=True, eq=False)
class List:
    """A list. If not `exact`, its length is unknown and each element is like `element`.

    Other iterables are held as lists too: `once` if going through it spends it, as an iterator,
    from which elements were `taken` so often; `view` is what it shows of which dict.
    """

    items: list[Value] = field(default_factory=list)
    exact: bool = True
    element: Value = UNKNOWN
    nonempty: bool = False
    origin: Origin | None = None
    once: bool = False
    taken: int = 0
    view: tuple[Dict, str] | None = None


@dataclass(slots=True, eq=False)
class Set:
    """A set of atoms; of unknown content if not `exact`."""

    items: set[Any] = field(default_factory=set)
    exact: bool = True


@dataclass(slots=True, eq=False)
class Function:
    """A function or lambda of the bundle. `kind` is plain, property, static or class; `setter` is
    that of a property, which is `cached` if it is computed once.
    """

    node: Any
    scope: Scope
    path: str
    name: str
    kind: str = "plain"
    owner: Class | None = None
    defaults: list[Value] = field(default_factory=list)
    keyword_defaults: list[Value] = field(default_factory=list)
    wrappers: tuple[str, ...] = ()
    setter: Function | None = None
    cached: bool = False
    abstract: bool = False


@dataclass(slots=True, eq=False)
class Bound:
    """A method with its receiver."""

    function: Function
    receiver: Value


@dataclass(slots=True, eq=False)
class Partial:
    """`functools.partial` of a callable."""

    target: Value
    positional: list[Value]
    keywords: dict[str, Value]


@dataclass(slots=True, eq=False)
class Method:
    """A built-in method of a value that is not a function of the bundle."""

    receiver: Value
    name: str


@dataclass(slots=True, eq=False)
class Class:
    """A class of the bundle. `open` if attributes may come from places that are not seen; `members`
    are those of an enumeration, with their values.
    """

    name: str
    bases: list[Value]
    namespace: dict[str, Value]
    path: str
    node: ast.ClassDef
    dataclass: bool = False
    open: bool = False
    frozen: bool = False
    members: dict[str, Value] | None = None
    order: list[Class] = field(default_factory=list)

    def mro(self) -> list[Class]:
        """Return this class and the bundle's classes that it inherits from, in the order in which
        Python looks attributes up (C3, https://docs.python.org/3/howto/mro.html).
        """
        if not self.order:
            parents = [b for b in self.bases if isinstance(b, Class) and b is not self]
            self.order = [self, *_merged([*(p.mro() for p in parents), parents])]
        return self.order

    def find(self, name: str) -> Value:
        """Return the attribute of the nearest class that has it, MISSING if none has."""
        for each in self.mro():
            if name in each.namespace:
                return each.namespace[name]
        return MISSING

    def external_bases(self) -> list[str]:
        """Return the dotted names of all library classes that it inherits from."""
        return [b.name for c in self.mro() for b in c.bases if isinstance(b, External)]


def _merged(lines: list[list[Class]]) -> list[Class]:
    """Merge lines of classes into one that keeps the order of each; what cannot be is left out."""
    order: list[Class] = []
    while lines := [line for line in lines if line]:
        heads = [line[0] for line in lines]
        tails = [c for line in lines for c in line[1:]]
        first = next((h for h in heads if h not in tails), heads[0])
        order.append(first)
        lines = [[c for c in line if c is not first] for line in lines]
    return order


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class of the bundle; `open` if attributes were set by computed names."""

    cls: Class
    attributes: dict[str, Value] = field(default_factory=dict)
    open: bool = False


@dataclass(slots=True, eq=False)
class Namespace:
    """`argparse.Namespace` or `types.SimpleNamespace`."""

    attributes: dict[str, Value] = field(default_factory=dict)
    open: bool = False


@dataclass(slots=True, eq=False)
class Module:
    """A module of the bundle after its top level has run."""

    path: str
    name: str
    variables: dict[str, Value]


@dataclass(slots=True, eq=False)
class Super:
    """`super()` inside a method of `cls`, for `receiver`."""

    receiver: Value
    cls: Class


@dataclass(slots=True, frozen=True)
class PathValue:
    """A `pathlib.Path`."""

    text: str


@dataclass(slots=True, eq=False)
class FileValue:
    """An open file; `path` is None if unknown."""

    path: str | None
    mode: Value = "r"


@dataclass(slots=True, eq=False)
class Serialised:
    """Text that YAML or JSON would give for `value`."""

    value: Value
    origin_path: str | None = None


@dataclass(slots=True, eq=False)
class Parser:
    """An `argparse.ArgumentParser` with the arguments declared so far."""

    arguments: list[tuple[list[str], dict[str, Value]]] = field(default_factory=list)
    opaque: bool = False


def weight(value: Value, limit: int = LARGEST_TUPLE) -> int:
    """Return how many values a tuple holds in all, counted no further than just past `limit`."""
    if not isinstance(value, tuple):
        return 1
    total = 1
    for each in value:
        total += weight(each, limit - total) if total <= limit else 1
        if total > limit:
            return total
    return total


def is_plain(value: Value) -> bool:
    """Whether `value` is an atom, or a tuple of such, so that Python itself can compute with it."""
    if isinstance(value, tuple):
        return all(is_plain(v) for v in value)
    return isinstance(value, PLAIN)


def type_name(value: Value) -> str:
    """Return the name of the Python type, as messages of exceptions give it."""
    names: dict[type, str] = {
        ConfigInt: "int", ConfigFloat: "float", ConfigText: "str", PathValue: "PosixPath",
        Dict: "dict", List: "list", Set: "set",
        Function: "function", Bound: "method", Class: "type", Module: "module",
        FileValue: "_io.TextIOWrapper", Namespace: "Namespace", Serialised: "str",
    }  # fmt: skip
    if isinstance(value, Instance):
        return value.cls.name
    return names.get(type(value), type(value).__name__)
