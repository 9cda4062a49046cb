"""Run: one run of a configuration, and which run variation of the experiment it carries out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from ohgw_tools.contract import Variations
from ohgw_tools.source.yaml_file import KeyPath, YamlFile
from ohgw_tools.subject import Subject

Role = Literal["smoke", "full"]
ROLES: tuple[Role, ...] = ("smoke", "full")
LIST_KEYS = ("runs", "experiments", "variations", "run_variations")
ID_KEYS = ("run_id", "id", "run_name", "name", "experiment_id", "exp_name", "variation", "title")
GROUP_KEYS = ("dataset", "data", "model", "task", "env")
LONGEST = 400  # characters of a name that are looked at

EXACT, SPELT, WITHIN, VALUE, WORDS, CLOSE = 6.0, 5.0, 4.0, 3.5, 3.0, 1.0
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps", "η": "eta"}
_GREEK |= {"θ": "theta", "λ": "lambda", "μ": "mu", "ρ": "rho", "σ": "sigma", "τ": "tau"}
_GREEK |= {"φ": "phi", "ψ": "psi", "ω": "omega"}
_TO_LATIN = str.maketrans(_GREEK)


class Run(NamedTuple):
    """One run: the file and key path that it stands at, its id, and its configuration."""

    path: str
    key: KeyPath
    id: str
    config: Mapping[str, Any]

    @property
    def group(self) -> tuple[str, ...]:
        """What it is compared within: names of its dataset, model, task and environment."""
        return tuple(_name(self.config[key]) for key in GROUP_KEYS if key in self.config)


class Match(NamedTuple):
    """The variation that a run carries out, and how surely its id says so (EXACT is most)."""

    variation: str
    score: float


def config_paths(subject: Subject, role: Role) -> tuple[str, ...]:
    """Return the files that hold the runs of a role: one configuration, or one file a run."""
    contract = subject.contract
    pattern = contract.variations.files
    if pattern is not None:
        head, _, tail = pattern.partition("{run_id}")
        return tuple(p for p in subject.files if p.startswith(head) and p.endswith(tail))
    if contract.configs is None:
        return ()
    path = contract.configs.smoke if role == "smoke" else contract.configs.full
    return (path,) if path in subject.files else ()


def runs(subject: Subject, role: Role) -> tuple[Run, ...]:
    """Return the runs that a configuration defines; none where it does not parse."""
    key = (runs, role)
    if key not in subject.memo:
        subject.memo[key] = tuple(_runs(subject, role))
    found: tuple[Run, ...] = subject.memo[key]
    return found


def matches(
    variations: tuple[str, ...], found: tuple[Run, ...], suffixes: tuple[str, ...] = ()
) -> dict[int, Match]:
    """Return the variation of each run by its index; runs that fit none are left out.

    The surest reading wins: the id itself (a smoke suffix aside), the id in another spelling, the
    variation within the id, its words among the id's, its words among the configured values.
    """
    forms = [_Form(variation, variations) for variation in variations]
    result = {}
    for index, run in enumerate(found):
        reading = _Reading(run, suffixes)
        best = max(
            ((form.score(reading), len(form.plain), form.name) for form in forms),
            default=(0.0, 0, ""),
        )
        if best[0]:
            result[index] = Match(best[2], best[0])
    return result


def assigned(subject: Subject, role: Role) -> Mapping[int, Match]:
    """Return the variation of each run of a role by its index, smoke suffixes aside; worked out
    once for each subject.
    """
    key = (assigned, role)
    if key not in subject.memo:
        suffixes = subject.contract.variations.smoke_suffixes
        variations = tuple(dict.fromkeys(subject.bundle.experiment.run_variations))
        subject.memo[key] = matches(variations, runs(subject, role), suffixes)
    found: Mapping[int, Match] = subject.memo[key]
    return found


def leaves(value: object, key: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield each value that is no mapping, with its key path; lists count as values."""
    stack: list[tuple[KeyPath, object]] = [(key, value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, Mapping):
            stack += [((*path, str(k)), v) for k, v in reversed(list(item.items()))]
        else:
            yield path, item


def plain(text: object) -> str:
    """Return a name's letters and digits alone, in lower case, Greek letters spelt out."""
    return _plain(str(text)[:LONGEST])


def words(text: object) -> frozenset[str]:
    """Return the words and numbers of a name, in lower case."""
    return _words(str(text)[:LONGEST])


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _latin(text))


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    parted = re.sub(r"([a-z])([A-Z])", r"\1 \2", unicodedata.normalize("NFKC", text))
    parts = re.split(r"[^a-z0-9.]+|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])", _latin(parted))
    return frozenset(part for part in parts if part.strip("."))


def _latin(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_TO_LATIN).lower()


class _Reading:
    """A run's id and values, ready for comparison."""

    def __init__(self, run: Run, suffixes: tuple[str, ...]) -> None:
        self.id = run.id
        for suffix in suffixes:
            self.id = self.id.removesuffix(suffix)
        self.plain = plain(self.id)
        self.words = words(self.id)
        values = [v for _, v in leaves(run.config) if isinstance(v, str | int | float)]
        texts = [str(v) for v in values[:200] if not isinstance(v, bool) and len(str(v)) < 60]
        self.values = {plain(text) for text in texts}
        self.all_words = self.words.union(*(words(text) for text in texts))


class _Form:
    """A variation's name in the forms that ids are compared with."""

    def __init__(self, name: str, variations: tuple[str, ...]) -> None:
        self.name = name
        self.plain = plain(name)
        self.words = words(name)
        others = [words(other) for other in variations if other != name]
        self.own = frozenset(w for w in self.words if not any(w in other for other in others))

    def score(self, reading: _Reading) -> float:
        if reading.id == self.name:
            return EXACT
        if not self.plain:
            return 0.0
        if reading.plain == self.plain:
            return SPELT
        if self.plain in reading.plain:
            return WITHIN
        if self.plain in reading.values:
            return VALUE
        if self.words <= reading.words:
            return WORDS
        if any(_near(word, reading.words) for word in self.own):
            return CLOSE + sum(_near(w, reading.words) for w in self.words) / len(self.words)
        if self.own & reading.all_words:
            return CLOSE * len(self.words & reading.all_words) / len(self.words)
        return 0.0


def _near(word: str, known: frozenset[str]) -> bool:
    if word in known:
        return True
    return len(word) >= 4 and any(
        len(k) >= 4 and (word.startswith(k) or k.startswith(word)) for k in known
    )


def _runs(subject: Subject, role: Role) -> Iterator[Run]:
    contract = subject.contract.variations
    for path in config_paths(subject, role):
        file = subject.yaml(path)
        if file is None or file.data is None:
            continue
        if contract.files is not None:
            yield from _run_file(path, file, contract)
        else:
            for key, config, name in _listed(file.data, contract):
                yield Run(path, key, name, config)


def _run_file(path: str, file: YamlFile, contract: Variations) -> Iterator[Run]:
    if isinstance(file.data, Mapping):
        stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        inner = file.data.get("run")
        config = inner if isinstance(inner, Mapping) else file.data
        yield Run(path, (), str(config.get(contract.id_key, stem)), config)


def _listed(data: object, contract: Variations) -> Iterator[tuple[KeyPath, Mapping[str, Any], str]]:
    """Find the runs under the contract's key, else under any list or mapping that looks like it."""
    wanted = (contract.list_key, *LIST_KEYS)
    ids = (contract.id_key, *ID_KEYS)
    queue: list[tuple[KeyPath, object]] = [((), data)]
    while queue:
        key, value = queue.pop(0)
        if isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            if (key and key[-1] in wanted) or any(i in value[0] for i in ids):
                for index, item in enumerate(value):
                    yield (*key, index), item, _identity(item, ids)
                return
        elif isinstance(value, Mapping) and len(key) <= 2:
            if key and key[-1] in wanted and _all_mappings(value):
                for name, item in value.items():
                    yield (*key, str(name)), item, str(name)
                return
            queue += sorted(
                (((*key, str(k)), v) for k, v in value.items()),
                key=lambda pair: pair[0][-1] != contract.list_key,
            )


def _all_mappings(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(isinstance(v, Mapping) for v in value.values())


def _identity(item: Mapping[str, Any], ids: tuple[str, ...]) -> str:
    return next((str(item[i]) for i in ids if isinstance(item.get(i), str | int)), "")


def _name(value: object) -> str:
    if isinstance(value, Mapping):
        return str(next((value[k] for k in ("name", "type", "id") if k in value), ""))
    return str(value)
