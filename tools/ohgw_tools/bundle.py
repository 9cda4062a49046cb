"""Bundle: base code, derived code, and the experiment that the derived code is to carry out."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from ohgw_tools.frozen import FROZEN
from ohgw_tools.tree import Tree, sha256

Form = Literal["seed", "flat"]


class Experiment(BaseModel):
    """The experiment as its author described it. `run_variations` are the exact ids of its runs."""

    model_config = FROZEN

    id: str
    description: str = ""
    run_variations: tuple[str, ...] = ()


class Bundle(BaseModel):
    """Everything that is known of one experiment's code.

    `method` and `strategy` are the research method and the strategy over all experiments, as given.
    `form` and `extra` remember how the input was written, so that `save` gives back the same shape.
    Read one with `ohgw_tools.bundles.bundle_file.load`.
    """

    model_config = ConfigDict(**FROZEN, arbitrary_types_allowed=True)

    base: Tree
    derived: Tree
    experiment: Experiment
    method: dict[str, JsonValue] = Field(default_factory=dict)
    strategy: str = ""
    form: Form = "flat"
    extra: dict[str, JsonValue] = Field(default_factory=dict, repr=False)

    @field_validator("base", "derived", mode="before")
    @classmethod
    def _tree(cls, value: object) -> object:
        return Tree(value) if isinstance(value, dict) else value

    @cached_property
    def digest(self) -> str:
        """SHA-256 over both trees, the experiment, the method and the strategy."""
        rest = self.model_dump_json(include={"experiment", "method", "strategy"})
        return sha256(f"{self.base.digest}\n{self.derived.digest}\n{rest}".encode())

    def with_derived(self, tree: Tree) -> Bundle:
        """Return the same bundle with other derived code."""
        return self.model_copy(update={"derived": tree}) if tree != self.derived else self
