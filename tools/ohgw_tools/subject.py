"""Subject: a bundle with each of its files parsed once, shared by all rules."""

from __future__ import annotations

import ast
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from pydantic import JsonValue

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.finding import Evidence, Finding, IssueKind, Region, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.toml_file import TomlFile
from ohgw_tools.source.yaml_file import KeyPath, YamlFile
from ohgw_tools.tree import Tree

if TYPE_CHECKING:
    from ohgw_tools.interpreter import Interpretation

QUOTE = 240
YAML_ENDINGS = (".yaml", ".yml")
Where = int | Region | ast.AST | KeyPath | None
File = TypeVar("File", PythonFile, YamlFile, TomlFile)
Read = TypeVar("Read")


class RuleFacts(Protocol):
    """What a finding takes from the rule's module."""

    NAME: str
    CRITERION: str
    KIND: IssueKind
    SEVERITY: Severity


class ParseCache:
    """Parsed files by content, shared by the subjects of one repair: after a patch only the files
    that changed are parsed again. Holds the `size` files used last. Safe to share by threads.
    """

    def __init__(self, size: int = 128) -> None:
        self.size = size
        self._files: OrderedDict[tuple[type, str], Any] = OrderedDict()
        self._lock = Lock()

    def get(self, kind: Callable[[str], File], digest: str, text: str) -> File:
        """Return the file of this content, parsed now or before."""
        key = (cast(type, kind), digest)
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
                return cast(File, self._files[key])
        parsed = kind(text)
        with self._lock:
            self._files[key] = parsed
            while len(self._files) > self.size:
                self._files.popitem(last=False)
        return parsed


class Subject:
    """What rules look at: the bundle, the contract, and every file parsed at most once."""

    def __init__(self, bundle: Bundle, contract: Contract, cache: ParseCache | None = None) -> None:
        self.bundle = bundle
        self.contract = contract.for_runs(bundle.experiment.run_variations)
        self.files: Tree = bundle.derived
        self.base: Tree = bundle.base
        self.memo: dict[object, Any] = {}
        self._cache = cache or ParseCache()
        self._read: dict[tuple[str, bool], PythonFile | YamlFile | TomlFile | None] = {}

    def tree(self, *, base: bool = False) -> Tree:
        """Return the base tree or the derived one."""
        return self.base if base else self.files

    def python(self, path: str, base: bool = False) -> PythonFile | None:
        """Return a Python file; None if there is none of that path or it is not Python."""
        return self._parsed(PythonFile, path, base) if path.endswith(".py") else None

    def yaml(self, path: str, base: bool = False) -> YamlFile | None:
        """Return a YAML file; None if there is none of that path or it is not YAML."""
        return self._parsed(YamlFile, path, base) if path.endswith(YAML_ENDINGS) else None

    def toml(self, path: str = "pyproject.toml", base: bool = False) -> TomlFile | None:
        """Return a TOML file; None if there is none of that path or it is not TOML."""
        return self._parsed(TomlFile, path, base) if path.endswith(".toml") else None

    def python_files(self, base: bool = False) -> Iterator[tuple[str, PythonFile]]:
        """Yield every Python file with its path, in order of paths."""
        for path in self.tree(base=base):
            if file := self.python(path, base):
                yield path, file

    def yaml_files(self, base: bool = False) -> Iterator[tuple[str, YamlFile]]:
        """Yield every YAML file with its path, in order of paths."""
        for path in self.tree(base=base):
            if file := self.yaml(path, base):
                yield path, file

    def parsed(self, path: str, base: bool = False) -> PythonFile | YamlFile | TomlFile | None:
        """Return a file of any of the three languages; None for others and for no file."""
        return self.python(path, base) or self.yaml(path, base) or self.toml(path, base)

    def parsed_files(
        self, base: bool = False
    ) -> Iterator[tuple[str, PythonFile | YamlFile | TomlFile]]:
        """Yield every Python, YAML and TOML file with its path, in order of paths."""
        for path in self.tree(base=base):
            if file := self.parsed(path, base):
                yield path, file

    def inherited(self, path: str, line: int) -> bool:
        """Whether a line of a derived file stands in the base file of the same path too."""
        file, base = self.parsed(path), self.parsed(path, base=True)
        if file is None or base is None:
            return False
        return file.source.line(line).strip() in base.source.stripped_lines

    @cached_property
    def modules(self) -> Mapping[str, str]:
        """The path of each Python module by its dotted name, as imported from the bundle's root."""
        found = {}
        for path in self.files:
            if path.endswith(".py"):
                name = path[:-3].replace("/", ".")
                found[name.removesuffix(".__init__")] = path
        return found

    def once(self, analysis: Callable[[Subject], Any]) -> Any:
        """Return `analysis(self)`, computed at most once for this subject."""
        if analysis not in self.memo:
            self.memo[analysis] = analysis(self)
        return self.memo[analysis]

    def reading(self, analysis: Callable[[str], Read], text: str) -> Read:
        """Return `analysis(text)` for a text that is no file, such as the description; kept with
        the parsed files. What it gives must not be changed.
        """
        return cast(Read, self._cache.get(cast(Any, analysis), text, text))

    @cached_property
    def interpretation(self) -> Interpretation:
        """What the config-concrete interpreter found; run when a rule first asks."""
        from ohgw_tools.interpreter import interpret

        return interpret(self)

    def finding(
        self,
        rule: str,
        message: str,
        path: str | None = None,
        where: Where = None,
        *,
        subject: str | None = None,
        severity: Severity | None = None,
        kind: IssueKind | None = None,
        evidence: tuple[Evidence, ...] | None = None,
        data: dict[str, JsonValue] | None = None,
        cause: str | None = None,
        hidden_by: str | None = None,
        inherited: bool = False,
    ) -> Finding:
        """Make a finding of the rule whose module is called `rule` (its `__name__`).

        `where` is a line, a region, a node of the file's syntax tree, or the key path of a YAML or
        TOML value. `subject` defaults to the text of the line at fault, which survives edits
        elsewhere. The source line is quoted as evidence unless other evidence is given.
        """
        facts = cast(RuleFacts, sys.modules[rule])
        region = self.region(path, where) if path is not None else None
        line = self.line(path, region)
        if evidence is None:
            evidence = self._quote(path, region, line)
        return Finding(
            rule=facts.NAME,
            criterion=facts.CRITERION,
            kind=kind or facts.KIND,
            severity=severity or facts.SEVERITY,
            message=message,
            path=path,
            region=region,
            evidence=evidence,
            subject=line.strip()[:QUOTE] if subject is None else subject,
            data=data or {},
            cause=cause,
            hidden_by=hidden_by,
            inherited=inherited,
        )

    def region(self, path: str, where: Where) -> Region | None:
        """Turn a line, node or key path of a derived file into a region."""
        if where is None or isinstance(where, Region):
            return where
        if isinstance(where, ast.AST):
            file = self.python(path)
            return file.region(where) if file else None
        if isinstance(where, tuple):
            config = self.yaml(path) or self.toml(path)
            return config.region(where) if config else None
        parsed = self.parsed(path)
        return parsed.source.line_region(max(1, min(where, len(parsed.lines)))) if parsed else None

    def line(self, path: str | None, region: Region | None) -> str:
        """Return the first line of a region of a derived file; empty where there is none."""
        if path is None or region is None:
            return ""
        parsed = self.parsed(path)
        return parsed.source.line(region.start_line) if parsed else ""

    def _quote(self, path: str | None, region: Region | None, line: str) -> tuple[Evidence, ...]:
        if path is None or not line.strip():
            return ()
        return (Evidence(kind="source", path=path, region=region, quote=line.strip()[:QUOTE]),)

    def _parsed(self, kind: Callable[[str], File], path: str, base: bool) -> File | None:
        if (path, base) not in self._read:
            tree = self.tree(base=base)
            known = path in tree
            self._read[path, base] = (
                self._cache.get(kind, tree.file_digests[path], tree[path]) if known else None
            )
        return cast("File | None", self._read[path, base])
