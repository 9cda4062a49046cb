"""NamedData: the datasets and models of a hub that a bundle names, in code or configurations."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ohgw_tools import catalogue
from ohgw_tools.errors import InputError
from ohgw_tools.source.run_list import ROLES, leaves, runs
from ohgw_tools.subject import Subject

Kind = Literal["dataset", "model"]

# A repository of a hub: owner and name, or one of the old names without an owner.
_HUB_ID = re.compile(r"(?:[\w][\w.-]{0,95}/)?[\w][\w.-]{0,95}")
_LOADERS = frozenset({"load_dataset", "load_dataset_builder"})
_DOWNLOADS = frozenset({"from_pretrained", "hf_hub_download", "snapshot_download"})
# What `load_dataset` reads by format, not from a hub.
_FORMATS = frozenset({"json", "csv", "parquet", "text", "arrow", "imagefolder", "audiofolder"})


class NamedData(NamedTuple):
    """One dataset or model by its name on a hub. `where` says what named it."""

    kind: Kind
    name: str
    config: str = ""
    where: str = "the command line"

    @property
    def words(self) -> str:
        """`dataset Salesforce/wikitext (wikitext-103-raw-v1)`."""
        return f"{self.kind} {self.name}" + (f" ({self.config})" if self.config else "")


def given(kind: Kind, text: str) -> NamedData:
    """Read `OWNER/NAME`, or `OWNER/NAME:CONFIG` for a dataset. Raises InputError."""
    name, _, config = text.partition(":")
    if not _is_hub_id(name) or (config and not _HUB_ID.fullmatch(config)):
        raise InputError(f"--{kind} {text}: give OWNER/NAME, or OWNER/NAME:CONFIG for a dataset")
    return NamedData(kind, name, config)


def named_data(subject: Subject) -> tuple[NamedData, ...]:
    """Return what the bundle names: constants in calls that load from a hub, and the datasets and
    models of its configurations that the catalogue knows. Each once, in order of their naming.
    """
    found: dict[tuple[Kind, str, str], NamedData] = {}
    for item in (*_in_code(subject), *_in_configurations(subject)):
        found.setdefault((item.kind, item.name, item.config), item)
    return tuple(found.values())


def _in_code(subject: Subject) -> Iterator[NamedData]:
    for path, file in subject.python_files():
        for node in ast.walk(file.tree) if file.tree is not None else ():
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = node.func.id if isinstance(node.func, ast.Name) else called
            first, second = _constant(node, 0, "path"), _constant(node, 1, "name")
            where = f"{path}:{node.lineno}"
            if called in _LOADERS and _is_hub_id(first) and first not in _FORMATS:
                yield NamedData("dataset", first, second, where)
            elif called in _DOWNLOADS:
                name = first or _constant(node, 0, "repo_id")
                if _is_hub_id(name):
                    yield NamedData("model", name, "", where)


def _in_configurations(subject: Subject) -> Iterator[NamedData]:
    for role in ROLES:
        for run in runs(subject, role):
            for key, value in leaves(run.config):
                if not isinstance(value, str) or not key:
                    continue
                where = f"{run.path}, {'.'.join(map(str, key))}"
                if "dataset" in map(str, key):
                    yield from _known_dataset(value, where)
                elif "model" in map(str, key):
                    known = catalogue.model(value)
                    if known is not None and known.pretrained and "pretrained" in map(str, key):
                        yield NamedData("model", known.pretrained, "", where)


def _known_dataset(value: str, where: str) -> Iterator[NamedData]:
    known = catalogue.dataset(value)
    if known is not None and known.hub is not None:
        yield NamedData("dataset", known.hub.path, known.hub.config or "", where)


def _constant(call: ast.Call, position: int, keyword: str) -> str:
    candidates = [k.value for k in call.keywords if k.arg == keyword]
    if len(call.args) > position:
        candidates.insert(0, call.args[position])
    for node in candidates:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
    return ""


def _is_hub_id(name: str) -> bool:
    return _HUB_ID.fullmatch(name) is not None and ".." not in name
