"""The entries of the catalogue: what is known of a dataset, model, scheduler or metric, and where
it is known from.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from ohgw_tools.frozen import FROZEN

Task = Literal[
    "causal-lm",
    "image-classification",
    "text-classification",
    "text-pair-classification",
    "regression",
    "question-answering",
    "multiple-choice",
    "summarisation",
    "instruction-tuning",
    "token-classification",
    "tabular-classification",
    "tabular-regression",
    "time-series-forecasting",
    "reinforcement-learning",
    "node-classification",
    "speech-recognition",
    "masked-lm",
    "sequence-to-sequence",
    "image-text",
]
OfflineForm = Literal["save_to_disk", "parquet", "text", "hub-cache", "in-package", "torchvision"]


class Source(BaseModel):
    """Where a fact stands: the work's title, and its address."""

    model_config = FROZEN

    title: str
    url: str = Field(pattern=r"^https://")


class HubDataset(BaseModel):
    """The arguments of `datasets.load_dataset`. `script` marks datasets that lie on the hub as a
    loading script, which `datasets` 4 and later refuse; `revision` is one that holds files instead.
    `gated` ones need accepted terms, `streamed` ones no memory holds.
    """

    model_config = FROZEN

    path: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    config: str | None = None
    revision: str | None = None
    script: bool = False
    gated: bool = False
    streamed: bool = False


class DatasetEntry(BaseModel):
    """A dataset. `splits` maps the roles train, validation and test to the dataset's own names of
    its splits; `columns` maps roles (text, label, image, ...) to column names; `rows` counts rows
    by role, `words` the words of a text by role. A field that is not known for certain is left out.
    `hidden` are the roles whose labels nobody gets; `shape` is (channels, height, width) where all
    images have one, `features` the number of a table's columns without the label. `loader` names
    the call that gives the data where the hub does not, with `arguments`; `not_ood_for` names
    datasets that share its text.
    """

    model_config = FROZEN

    name: str
    aliases: tuple[str, ...] = ()
    task: Task
    hub: HubDataset | None = None
    loader: str | None = None
    arguments: dict[str, int | str] = Field(default_factory=dict)
    splits: dict[Literal["train", "validation", "test"], str] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=dict)
    rows: dict[Literal["train", "validation", "test"], int] = Field(default_factory=dict)
    words: dict[Literal["train", "validation", "test"], int] = Field(default_factory=dict)
    hidden: tuple[Literal["train", "validation", "test"], ...] = ()
    classes: int | None = Field(default=None, ge=2)
    shape: tuple[int, int, int] | None = None
    features: int | None = Field(default=None, gt=0)
    licence: str | None = None
    offline: tuple[OfflineForm, ...] = ()
    headline: str | None = None
    not_ood_for: tuple[str, ...] = ()
    note: str = ""
    sources: tuple[Source, ...] = Field(min_length=1)


# The field `kwargs` meets the name that the plugin gives to unknown arguments.
class ModelEntry(BaseModel):  # type: ignore[no-redef]
    """A model. `constructor` builds it from scratch, `config` is the constructor's configuration
    class and `kwargs` what makes it this size; `pretrained` is the hub id of trained weights, which
    an experiment that trains from scratch must not load. `small` holds arguments for a smoke test.
    `parameters` is an exact count or the paper's rounded one.
    """

    model_config = FROZEN

    name: str
    aliases: tuple[str, ...] = ()
    task: Task
    constructor: str
    config: str | None = None
    kwargs: dict[str, bool | int | float | str] = Field(default_factory=dict)
    small: dict[str, int | float | str] = Field(default_factory=dict)
    pretrained: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$")
    gated: bool = False
    parameters: int | None = Field(default=None, gt=0)
    template: str | None = None
    licence: str | None = None
    note: str = ""
    sources: tuple[Source, ...] = Field(min_length=1)


class Implementation(BaseModel):
    """An open implementation: the package, the versions that have it, and its import path."""

    model_config = FROZEN

    package: str
    versions: str = ""
    symbol: str
    note: str = ""


class SchedulerEntry(BaseModel):
    """A scheduler of trials. `template` names the class that recipes write, `nearest` the scheduler
    to offer where `implementations` is empty or of no use, and `substitute` the class that recipes
    write in its place, under a name that says so.
    """

    model_config = FROZEN

    name: str
    aliases: tuple[str, ...] = ()
    implementations: tuple[Implementation, ...] = ()
    template: str | None = None
    nearest: str | None = None
    substitute: str | None = None
    gradient_based: bool = False
    note: str = ""
    sources: tuple[Source, ...] = Field(min_length=1)


class MetricEntry(BaseModel):
    """A metric: its definition in one line, its unit, and which way is better."""

    model_config = FROZEN

    name: str
    aliases: tuple[str, ...] = ()
    definition: str
    unit: str
    better: Literal["lower", "higher", "neither"]
    template: str | None = None
    note: str = ""
    sources: tuple[Source, ...] = Field(min_length=1)


Entry = DatasetEntry | ModelEntry | SchedulerEntry | MetricEntry
