"""Classes: making instances, plain, of dataclasses, and of library classes' children."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from ohgw_tools.interpreter import enumerations
from ohgw_tools.interpreter.values import (
    MISSING,
    UNKNOWN,
    Bound,
    Class,
    External,
    Function,
    Instance,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

ABC = "abc.ABC"
OPAQUE = ("Enum", "IntEnum", "StrEnum", "NamedTuple", "TypedDict", "Protocol", "Flag")


def instantiate(
    process: Process,
    cls: Class,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> Value:
    """Return a new instance, after its `__init__` has run."""
    enumerations.check_value(process, cls, positional, node)
    _check_abstract(process, cls, node)
    if any(base.split(".")[-1] in OPAQUE for base in cls.external_bases()):
        process.hand_over([*positional, *keywords.values()])
        return UNKNOWN
    instance = Instance(cls)
    init = cls.find("__init__")
    if cls.find("__new__") is not MISSING:
        instance.open = True
    if isinstance(init, Function):
        process.call(Bound(init, instance), positional, keywords, node, complete)
    elif any(c.dataclass for c in cls.mro()):
        _fill_fields(process, instance, positional, keywords, node, complete)
    elif (positional or keywords) and complete and _is_closed(cls) and not instance.open:
        raise process.error("TypeError", f"{cls.name}() takes no arguments", node)
    else:
        process.hand_over([*positional, *keywords.values()])
    return instance


def _check_abstract(process: Process, cls: Class, node: ast.AST) -> None:
    """Raise the TypeError of a class that leaves abstract methods without a body."""
    bases = set(cls.external_bases())
    seen = bases <= {ABC, "typing.Generic", "torch.nn.Module"} and not _has_unknown_base(cls)
    if ABC not in bases or not seen:
        return
    names = {name for each in cls.mro() for name in each.namespace}
    found = {name: cls.find(name) for name in sorted(names)}
    left = [n for n, f in found.items() if isinstance(f, Function) and f.abstract]
    if left:
        message = f"Can't instantiate abstract class {cls.name} without {', '.join(left)}"
        raise process.error("TypeError", message, node)


def _has_unknown_base(cls: Class) -> bool:
    return any(isinstance(b, Unknown) for c in cls.mro() for b in c.bases)


def _is_closed(cls: Class) -> bool:
    unknown = _has_unknown_base(cls)
    return not cls.external_bases() and not unknown and not any(c.open for c in cls.mro())


class Field(NamedTuple):
    """A parameter of a dataclass's `__init__`: its default, and the class that declares it.

    `given` if it is a parameter at all, `placed` if by position too, `passed` if it goes to
    `__post_init__` alone.
    """

    default: ast.expr | None
    owner: Class
    given: bool
    placed: bool
    passed: bool


def fields_of(cls: Class) -> dict[str, Field]:
    """Return the fields of a dataclass by name, in order."""
    found: dict[str, Field] = {}
    for each in reversed(cls.mro()):
        if not each.dataclass:
            continue
        placed = not any(says(d, "kw_only", True) for d in each.node.decorator_list)
        for item in each.node.body:
            if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                continue
            kind = ast.unparse(item.annotation)
            if kind.endswith("KW_ONLY"):
                placed = False
            elif "ClassVar" not in kind:
                given = not says(item.value, "init", False)
                by_place = given and placed and not says(item.value, "kw_only", True)
                found[item.target.id] = Field(item.value, each, given, by_place, "InitVar" in kind)
    return found


def says(node: ast.expr | None, keyword: str, value: bool) -> bool:
    """Whether a call gives a keyword with this literal value."""
    given = node.keywords if isinstance(node, ast.Call) else []
    return any(
        k.arg == keyword and isinstance(k.value, ast.Constant) and k.value.value is value
        for k in given
    )


def _fill_fields(
    process: Process,
    instance: Instance,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> None:
    cls, fields = instance.cls, fields_of(instance.cls)
    certain = _is_closed(cls) and complete
    placed = [name for name, each in fields.items() if each.placed]
    if len(positional) > len(placed) and certain:
        raise process.error("TypeError", f"{cls.name}.__init__() takes too many arguments", node)
    values = dict(zip(placed, positional, strict=False))
    for name, value in keywords.items():
        if (name not in fields or not fields[name].given) and _is_closed(cls):
            message = f"{cls.name}.__init__() got an unexpected keyword argument '{name}'"
            raise process.error("TypeError", message, node)
        values[name] = value
        process.world.uses.touch(value) if not _is_closed(cls) else None
    for name, each in fields.items():
        if name not in values:
            values[name] = _default(each, name, complete)
            if each.default is None and each.given and certain:
                message = f"{cls.name}.__init__() missing required argument: '{name}'"
                raise process.error("TypeError", message, node)
    passed = [values.pop(name) for name, each in fields.items() if each.passed]
    unset = [n for n, f in fields.items() if not f.given and f.default is None]
    instance.attributes.update({n: v for n, v in values.items() if n not in unset})
    after = cls.find("__post_init__")
    if isinstance(after, Function):
        process.call(Bound(after, instance), passed, {}, node, True)


def _default(field: Field, name: str, complete: bool) -> Value:
    value = field.owner.namespace.get(name, UNKNOWN)
    known = field.default is not None and not isinstance(value, (Unknown, External)) and complete
    return value if known else UNKNOWN
