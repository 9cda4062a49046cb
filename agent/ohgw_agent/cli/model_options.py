"""ModelOptions: the arguments that say which chat models are asked, and the settings they make."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ohgw_agent.settings import ModelSettings

DEFAULT_MODEL = "gpt-5"


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add what says which chat model is asked."""
    group = parser.add_argument_group("model (the key comes from OPENAI_API_KEY)")
    group.add_argument(
        "--proposer",
        default="auto",
        metavar="auto|recipes|chat|MODULE:CLASS",
        help="auto: recipes, then the model if one is configured (default: auto)",
    )
    group.add_argument("--model", help=f"default: $OHGW_MODEL or {DEFAULT_MODEL}")
    group.add_argument("--base-url", help="any OpenAI-compatible server; default: $OPENAI_BASE_URL")
    group.add_argument("--reviewer-model", help="another model for the review")
    group.add_argument(
        "--reviewer-base-url",
        help="another server for the review; its key comes from OHGW_REVIEWER_API_KEY",
    )
    _add_candidates(group)
    group.add_argument("--temperature", type=float)
    group.add_argument("--seed", type=int)
    group.add_argument(
        "--stream", action=argparse.BooleanOptionalAction, default=True, help="stream answers"
    )
    group.add_argument("--llm-timeout", type=float, default=120, metavar="SECONDS")
    group.add_argument("--llm-tries", type=int, default=4, metavar="N")
    _add_prices(group)
    group.add_argument(
        "--review",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a last stage that asks the model; default: where there is one",
    )


def _add_candidates(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--candidates",
        type=int,
        default=1,
        metavar="N",
        help="patches asked for at once; the most promising is run first (default: 1)",
    )
    group.add_argument(
        "--candidate-model",
        action="append",
        default=[],
        metavar="MODEL",
        help="one more model that candidates are asked of in turn",
    )


def _add_prices(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--price",
        type=float,
        nargs=2,
        metavar=("IN", "OUT"),
        help="US dollars a million tokens of --model",
    )
    group.add_argument(
        "--prices",
        type=Path,
        metavar="FILE",
        help="your own table of prices (YAML); default: ohgw-agent/prices.yaml in the user's "
        "configuration, over the built-in table",
    )


def proposing(arguments: argparse.Namespace) -> ModelSettings | None:
    """Return the settings of the model that is asked for patches, or None where none is configured.
    Raises InputError.
    """
    name = arguments.model or os.environ.get("OHGW_MODEL") or DEFAULT_MODEL
    price = tuple(arguments.price) if arguments.price else None
    return _model(arguments, name, price)


def also_proposing(arguments: argparse.Namespace) -> tuple[ModelSettings, ...]:
    """Return the settings of the further models that candidates are asked of. Raises InputError."""
    from ohgw_tools.errors import InputError

    if arguments.candidate_model and arguments.candidates < 2:
        raise InputError("--candidate-model needs --candidates 2 or more")
    found = (_model(arguments, name, None) for name in arguments.candidate_model)
    return tuple(model for model in found if model is not None)


def reviewing(arguments: argparse.Namespace) -> ModelSettings | None:
    """Return the settings of the model that reviews, or None where it is the one that proposes. A
    server of its own gets the key of its own alone. Raises InputError.
    """
    from ohgw_tools.errors import InputError

    if arguments.reviewer_base_url is None:
        if arguments.reviewer_model is None:
            return None
        return _model(arguments, arguments.reviewer_model, None)
    if arguments.reviewer_model is None:
        raise InputError("--reviewer-base-url needs --reviewer-model")
    server = argparse.Namespace(**vars(arguments))
    server.base_url = arguments.reviewer_base_url
    model = _model(server, arguments.reviewer_model, None)
    return model.model_copy(update={"key_from": "OHGW_REVIEWER_API_KEY"}) if model else None


def _model(
    arguments: argparse.Namespace, name: str, price: tuple[float, ...] | None
) -> ModelSettings | None:
    """Return the settings of the model `name`, or None where no server is configured. A price from
    the user's table stands in the settings, so that the record keeps what was reckoned with.
    """
    from ohgw_agent.settings import ModelSettings

    base_url = arguments.base_url or os.environ.get("OPENAI_BASE_URL") or None
    if base_url is None and not os.environ.get("OPENAI_API_KEY"):
        return None
    return ModelSettings(
        model=name,
        base_url=base_url,
        temperature=arguments.temperature,
        seed=arguments.seed,
        timeout=arguments.llm_timeout,
        max_tries=arguments.llm_tries,
        stream=arguments.stream,
        price=price or _own_price(arguments.prices or _default_prices(), base_url, name),
    )


def _default_prices() -> Path | None:
    """Return the user's own table if there is one (XDG Base Directory)."""
    given = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    home = given if given.is_absolute() else Path.home() / ".config"
    place = home / "ohgw-agent" / "prices.yaml"
    return place if place.is_file() else None


def _own_price(table: Path | None, base_url: str | None, name: str) -> tuple[float, float] | None:
    if table is None:
        return None
    from ohgw_agent.price_table import OPENAI, PriceTable

    price = PriceTable.load(str(table)).find(base_url or OPENAI, name)
    return (price.input, price.output) if price else None
