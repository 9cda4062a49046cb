"""YamlFile: one YAML text, read as PyYAML's safe loader reads it, with the place of each value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, cast

import yaml

from ohgw_tools.finding import Region
from ohgw_tools.source.python_file import Comment
from ohgw_tools.source.source_text import SourceText

MAX_DEPTH = 64
MAX_CHARACTERS = 1 << 20
MAX_VALUES = 100_000
T = TypeVar("T")
KeyPath = tuple[str | int, ...]
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENT = re.compile(r"(?:^|(?<=[ \t\r\n]))#[^\r\n]*")


class YamlFault(NamedTuple):
    """Why a text is not YAML that `yaml.safe_load` reads."""

    line: int
    column: int
    message: str


class _TooLarge(Exception):
    """The document is past what is judged; never leaves this file."""


class YamlFile:
    """One YAML text. `data` is what `yaml.safe_load` gives, None where that fails (see `fault`).

    `too_large` is set when the text is past what can be judged (characters, nesting, values after
    aliases are expanded); that makes the verdict undecided and says nothing of the text's quality.
    """

    def __init__(self, text: str) -> None:
        self.source = SourceText(text)
        self.text = text
        self.data: Any = None
        self.node: yaml.Node | None = None
        self.fault: YamlFault | None = None
        self.too_large = ""
        self._derived: dict[Callable[[YamlFile], Any], Any] = {}
        self._parse()

    @property
    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return self.source.lines

    @property
    def error(self) -> str:
        """Why there is no data, in one line; empty where there is."""
        return self.fault.message if self.fault else self.too_large

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """The comments in order; a `#` within a scalar is none."""
        spans = sorted(self._scalar_spans())
        found, at = [], 0
        for match in _COMMENT.finditer(self.text):
            while at < len(spans) and spans[at][1] <= match.start():
                at += 1
            if at < len(spans) and spans[at][0] <= match.start():
                continue
            line, column = self.source.position(match.start())
            found.append(Comment(line, column, match.group()))
        return tuple(found)

    @cached_property
    def places(self) -> Mapping[KeyPath, tuple[yaml.Node | None, yaml.Node]]:
        """The key node (None for list items) and value node of each key path."""
        found: dict[KeyPath, tuple[yaml.Node | None, yaml.Node]] = {}
        if self.node is not None:
            found[()] = (None, self.node)
            self._place(self.node, (), found)
        return found

    def region(self, key: Sequence[str | int]) -> Region | None:
        """Return where a value stands: from its key to the end of its first line.

        A path that the text does not spell out (through a merge key, or a missing one) gives the
        place of its nearest parent; None where the text has no data.
        """
        path = tuple(key)
        while path and path not in self.places:
            path = path[:-1]
        if path not in self.places:
            return None
        key_node, value = self.places[path]
        start = (key_node or value).start_mark
        if value.end_mark.line == start.line:
            return self._region(start.line, start.column, value.end_mark.column)
        return self._region(start.line, start.column, None)

    def node_region(self, node: yaml.Node) -> Region:
        """Return the first line of a node."""
        start, end = node.start_mark, node.end_mark
        return self._region(
            start.line, start.column, end.column if end.line == start.line else None
        )

    def derive(self, analysis: Callable[[YamlFile], T]) -> T:
        """Return `analysis(self)`, computed at most once for this content."""
        if analysis not in self._derived:
            self._derived[analysis] = analysis(self)
        return cast(T, self._derived[analysis])

    def _region(self, line: int, column: int, end: int | None) -> Region:
        stop = len(self.source.line(line + 1).rstrip()) if end is None else end
        return Region(
            start_line=line + 1,
            start_column=column + 1,
            end_line=line + 1,
            end_column=max(stop, column) + 1,
        )

    def _parse(self) -> None:
        if len(self.text) > MAX_CHARACTERS:
            self.too_large = f"{len(self.text)} characters; the judge reads {MAX_CHARACTERS}"
            return
        try:
            self._check_depth()
            self.node = yaml.compose(self.text, Loader=_Loader)
            if self.node is not None:
                _count_values(self.node, {}, set())
                # The constructor writes merged keys into the nodes that it reads.
                merged = "<<" in self.text
                node = yaml.compose(self.text, Loader=_Loader) if merged else self.node
                self.data = _Constructor().construct_document(node)
        except _TooLarge as error:
            self.too_large = str(error)
        except yaml.YAMLError as error:
            self.fault = _fault(error)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
            # PyYAML's constructors let these out for scalars such as 2001-99-99 or !!int x.
            self.fault = YamlFault(1, 1, f"a value cannot be read: {error}")
        if self.error:
            self.node = self.data = None

    def _check_depth(self) -> None:
        """The composer is recursive, the parser is not: look at the events first."""
        depth = 0
        for event in yaml.parse(self.text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise _TooLarge(f"nested deeper than {MAX_DEPTH} levels")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def _place(
        self,
        node: yaml.Node,
        path: KeyPath,
        found: dict[KeyPath, tuple[yaml.Node | None, yaml.Node]],
    ) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                below = (*path, _key(key))
                found[below] = (key, value)
                self._place(value, below, found)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                found[(*path, index)] = (None, value)
                self._place(value, (*path, index), found)

    def _scalar_spans(self) -> Iterator[tuple[int, int]]:
        if self.node is None:
            return
        stack, seen = [self.node], set()
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.ScalarNode):
                yield node.start_mark.index, node.end_mark.index
            elif isinstance(node, yaml.MappingNode):
                stack += [part for pair in node.value for part in pair]
            else:
                stack += node.value


class _Constructor(yaml.constructor.SafeConstructor):
    """The safe constructor without a reader behind it: it is given composed nodes."""


def _key(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else repr(node.start_mark.index)


def _count_values(node: yaml.Node, known: dict[int, int], above: set[int]) -> int:
    """Count the values below a node with aliases expanded. Raises _TooLarge, also for a cycle."""
    if id(node) in known:
        return known[id(node)]
    if id(node) in above:
        raise _TooLarge("an alias stands within its own anchor")
    above.add(id(node))
    total = 1
    if isinstance(node, yaml.MappingNode):
        total += sum(_count_values(part, known, above) for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        total += sum(_count_values(part, known, above) for part in node.value)
    above.discard(id(node))
    if total > MAX_VALUES:
        raise _TooLarge(f"more than {MAX_VALUES} values once its aliases are expanded")
    known[id(node)] = total
    return total


def _fault(error: yaml.YAMLError) -> YamlFault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return YamlFault(line, column, " ".join(message.split()))
