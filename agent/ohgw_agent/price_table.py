"""PriceTable: what models cost, from a small dated table that a user can override."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, Field, RootModel, ValidationError

from ohgw_tools.errors import InputError
from ohgw_tools.frozen import FROZEN

Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
OPENAI = "https://api.openai.com/v1"
_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


class Price(BaseModel):
    """US dollars for a million tokens: the same number as millionths of a dollar for one token."""

    model_config = FROZEN

    input: Dollars
    output: Dollars

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """Return millionths of a dollar, rounded up."""
        return math.ceil(round(tokens_in * self.input + tokens_out * self.output, 6))


class Host(BaseModel):
    """The prices at one host, and the day they were published."""

    model_config = FROZEN

    as_of: datetime.date
    models: dict[str, tuple[Dollars, Dollars]]


class PriceTable(RootModel[dict[str, Host]]):
    """Prices by host and model."""

    @staticmethod
    def load(path: str | None = None) -> PriceTable:
        """Read the built-in table and, over it, the user's own. Raises InputError."""
        table = _built_in()
        if path is None:
            return table
        try:
            own = _parse(Path(path).read_text(encoding="utf-8"), path)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: {error}. Give a readable YAML file of prices") from error
        merged = dict(table.root)
        for host, prices in own.root.items():
            old = merged[host].models if host in merged else {}
            merged[host] = Host(as_of=prices.as_of, models={**old, **prices.models})
        return PriceTable(merged)

    def find(self, base_url: str, model: str) -> Price | None:
        """Return the price of a model, also by a dated name such as `gpt-4o-2024-08-06`; None if it
        is not known. A price never carries over from one host to another.
        """
        host = self.root.get(urlsplit(base_url).hostname or "")
        if host is None:
            return None
        pair = host.models.get(model) or host.models.get(_DATED.sub("", model))
        return Price(input=pair[0], output=pair[1]) if pair else None


@cache
def _built_in() -> PriceTable:
    text = (resources.files("ohgw_agent") / "prices.yaml").read_text(encoding="utf-8")
    return _parse(text, "prices.yaml")


def _parse(text: str, origin: str) -> PriceTable:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{origin}: not YAML: {error}") from error
    if not isinstance(data, Mapping):
        shape = "hosts, each with `as_of` and `models: {name: [in, out]}`"
        raise InputError(f"{origin}: give {shape}")
    try:
        return PriceTable.model_validate(data)
    except ValidationError as error:
        faults = [f"{origin}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise InputError("\n".join(faults)) from error
