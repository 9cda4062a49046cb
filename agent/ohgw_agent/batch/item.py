"""Item: one bundle of a batch; BatchPlan: how all of them are done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, Field

from ohgw_agent.settings import Settings
from ohgw_tools import ruleset
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.errors import InputError
from ohgw_tools.frozen import FROZEN
from ohgw_tools.tree import sha256


class Item(BaseModel):
    """One bundle: where it stands, and the digest of what stood there when the batch began."""

    model_config = FROZEN

    place: str
    digest: str = ""
    fault: str = ""

    @property
    def key(self) -> str:
        """What its results are found by: the digest, or the place of what is no bundle."""
        return self.digest or f"no bundle: {self.place}"


class BatchPlan(BaseModel):
    """How a batch is done. `jobs` bundles at once; `judging` and `sandboxes` bound how many of each
    go on at once on one site; `model_calls`, requests and tokens a minute, and the caps `tokens`
    and `usd` hold for the whole batch. `memory_bytes` bounds one worker's data, `tries` how often a
    bundle whose worker dies is tried. With `judge_only` nothing is repaired and nothing recorded.

    `engine` says where the workers are, `address` which cluster; `resources` is what one bundle
    takes of a machine there, `places` how many bundles share a host process, and `patience` how
    many seconds a cluster without room is waited for. `store` is an fsspec address for records.
    """

    model_config = FROZEN

    settings: Settings = Settings()
    runs_dir: Path = Path("runs")
    engine: str = "here"
    address: str | None = None
    resources: dict[str, float] = Field(default_factory=dict)
    places: int = Field(default=4, ge=1)
    patience: float = Field(default=600, gt=0)
    store: str | None = None
    jobs: int = Field(default=2, ge=1)
    judging: int = Field(default=2, ge=1)
    sandboxes: int = Field(default=2, ge=1)
    model_calls: int = Field(default=8, ge=1)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=0)
    usd: float | None = Field(default=None, ge=0)
    tries: int = Field(default=2, ge=1)
    grace_seconds: float = Field(default=60, gt=0)
    memory_bytes: int = Field(default=4 << 30, gt=0)
    recycle_after: int = Field(default=200, ge=1)
    judge_only: bool = False
    reports: bool = False

    @cached_property
    def configuration(self) -> str:
        """A digest over everything that a bundle's result depends on beside the bundle."""
        parts = [self.settings.model_dump_json(), str(self.judge_only), ruleset.digest()]
        return sha256("\n".join(parts).encode())[:16]


def places(given: list[str], listing: Path | None) -> Iterator[str]:
    """Yield the bundles' places: those given, then those of a list (a path or an object with
    `bundle` a line). Raises InputError, naming the line at fault.
    """
    yield from given
    if listing is None:
        return
    try:
        with listing.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _place(line.strip(), f"{listing}:{number}", listing.parent)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{listing}: {error}; give a text file of paths or JSON lines") from error


def _place(line: str, where: str, folder: Path) -> str:
    place: object = line
    if line.startswith("{"):
        try:
            place = json.loads(line).get("bundle")
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: not JSON: {error}") from error
    if not isinstance(place, str):
        raise InputError(f'{where}: give a path, or an object such as {{"bundle": "a.json"}}')
    return str(folder / place)


def looked_at(place: str) -> Item:
    """Read a bundle for its digest; what cannot be read is an item with a fault, not an error."""
    try:
        return Item(place=place, digest=load(place).digest)
    except InputError as error:
        return Item(place=place, fault=str(error))
