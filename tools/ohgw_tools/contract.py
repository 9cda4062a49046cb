"""Contract: what `ready` means, as data that a user can write in YAML."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator

from ohgw_tools.errors import ContractError, InputError
from ohgw_tools.finding import IssueKind, Severity
from ohgw_tools.frozen import FROZEN
from ohgw_tools.limits import Limits
from ohgw_tools.verdict import Stage

DEFAULT = "base-derived"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Criterion(BaseModel):
    """One thing that a ready bundle must be; `demands` are its sentences, for people and models."""

    model_config = FROZEN

    title: str
    demands: tuple[str, ...] = ()


class Configs(BaseModel):
    """The two configuration files by role."""

    model_config = FROZEN

    smoke: str
    full: str


class Variations(BaseModel):
    """Where run variations stand: under `list_key` of each config, told apart by `id_key`.

    An id of the smoke config may carry one of `smoke_suffixes`. `code` must give each variation
    something to run; None where code need not know them by name. Where each run has a file of its
    own, `files` is their pattern, such as `config/run/{run_id}.yaml`, and `list_key` is not used.
    """

    model_config = FROZEN

    list_key: str = "runs"
    id_key: str = "run_id"
    smoke_suffixes: tuple[str, ...] = ()
    code: str | None = None
    files: str | None = None


class Program(BaseModel):
    """A command of the bundle. `{results}` stands for the directory that results go to, `{runs}`
    for the ids of all run variations, with commas between them.
    """

    model_config = FROZEN

    argv: tuple[str, ...] = Field(min_length=1)
    limits: Limits = Limits()


class Artifacts(BaseModel):
    """What a run must leave, as patterns below the results directory; `{run_id}` is each variation.

    `results` must be JSON whose numbers are all finite. `figures` must match at least one file that
    is not empty and starts as a PDF does. `logs` must exist.
    """

    model_config = FROZEN

    results: str | None = "{run_id}/results.json"
    figures: str | None = "images/*.pdf"
    logs: tuple[str, ...] = ()


class Rules(BaseModel):
    """Which rules are asked (`*` is all), and severities other than a rule's own."""

    model_config = FROZEN

    select: tuple[str, ...] = ("*",)
    ignore: tuple[str, ...] = ()
    severity: dict[str, Severity] = Field(default_factory=dict)


class Contract(BaseModel):
    """What `ready` means for one family of bundles.

    `evaluate`, where given, is run after the smoke test, in a work directory with what that left.
    `deep` asks for the full experiment to be run as well, its sizes cut. `allow_hosts` are the only
    hosts that programs may reach; `data` are directories that they may read, `NAME=DIRECTORY`.
    `properties` names the properties of behaviour that are asked for (`*` is all); those that the
    experiment's facts switch on are run once the smoke test has passed.
    """

    model_config = FROZEN

    name: str
    version: int = 1
    description: str = ""
    has_base: bool = True
    criteria: dict[str, Criterion]
    kinds: dict[IssueKind, str] = Field(default_factory=dict)
    files: tuple[str, ...]
    package: str = "src"
    configs: Configs | None = None
    variations: Variations = Variations()
    smoke: Program
    evaluate: Program | None = None
    full: Program
    artifacts: Artifacts = Artifacts()
    stages: tuple[Stage, ...] = ("static", "sandbox")
    deep: bool = False
    rules: Rules = Rules()
    properties: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()

    @field_validator("allow_hosts", "data")
    @classmethod
    def _usable(cls, entries: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        from ohgw_tools.environments.data_cache import DataCache
        from ohgw_tools.isolation.permitted_host import permitted

        try:
            if info.field_name == "data":
                DataCache(entries)
            for host in entries if info.field_name == "allow_hosts" else ():
                permitted(host)
        except InputError as error:
            raise ValueError(str(error)) from error
        return entries

    def for_runs(self, ids: tuple[str, ...]) -> Contract:
        """Return the contract with the ids of an experiment's runs put into its commands."""
        commands = {"smoke": self.smoke, "evaluate": self.evaluate, "full": self.full}
        programs = {
            name: program.model_copy(
                update={"argv": tuple(w.replace("{runs}", ",".join(ids)) for w in program.argv)}
            )
            for name, program in commands.items()
            if program is not None and any("{runs}" in word for word in program.argv)
        }
        return self.model_copy(update=programs) if programs else self

    @staticmethod
    def load(name_or_path: str) -> Contract:
        """Read a built-in contract by name, or one of one's own from a path.

        Raises ContractError, naming the key at fault and what to do.
        """
        if name_or_path in builtin_names():
            place = resources.files("ohgw_tools") / "contracts" / f"{name_or_path}.yaml"
            return parse(place.read_text(encoding="utf-8"), name_or_path)
        path = Path(name_or_path)
        if not path.is_file():
            names = ", ".join(builtin_names())
            raise ContractError(f"no contract {name_or_path!r}: give a YAML file or one of {names}")
        try:
            return parse(path.read_text(encoding="utf-8"), name_or_path)
        except UnicodeDecodeError as error:
            raise ContractError(f"{name_or_path}: not UTF-8 ({error}); save it as UTF-8") from error


def builtin_names() -> tuple[str, ...]:
    """Return the names of the contracts that come with the package."""
    folder = resources.files("ohgw_tools") / "contracts"
    return tuple(sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".yaml")))


def parse(text: str, origin: str) -> Contract:
    """Read a contract from YAML text. Raises ContractError with one line for each fault."""
    try:
        data = yaml.load(text, Loader=_Loader)  # the safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise ContractError(f"{origin}: not YAML: {error}") from error
    if not isinstance(data, Mapping):
        raise ContractError(f"{origin}: a contract is a mapping; see `ohgw-agent schema contract`")
    try:
        return Contract.model_validate(data)
    except ValidationError as error:
        faults = [
            f"{origin}: {'.'.join(map(str, e['loc'])) or 'contract'}: {e['msg']}"
            for e in error.errors()
        ]
        raise ContractError("\n".join(faults)) from error
