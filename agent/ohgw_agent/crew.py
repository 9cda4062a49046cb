"""Crew: the sandbox, the models and the proposers that settings name."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from ohgw_agent.chat_model import ChatModel
from ohgw_agent.loop_context import Execution
from ohgw_agent.proposer import Proposer
from ohgw_agent.settings import ModelSettings, Settings
from ohgw_tools.errors import CouldNotLook, InputError

Journal = Callable[[ChatModel], ChatModel]


def execution(settings: Settings) -> Execution:
    """Choose the sandbox. Where there is none, say why: that is `undecided`, not an error."""
    from ohgw_tools.environments import interpreter_probe
    from ohgw_tools.environments.data_cache import DataCache
    from ohgw_tools.environments.environment import EnvironmentOptions
    from ohgw_tools.sandbox_choice import choose

    if settings.python and not settings.static_only:
        interpreter_probe.given(settings.python)  # a wrong path is bad input now, not in an hour
    DataCache(settings.data)  # and so is a directory that is not there
    if settings.static_only or settings.sandbox == "none":
        sandbox, missing = None, "no sandbox was asked for (--sandbox none)"
    else:
        try:
            sandbox, missing = choose(settings.sandbox), ""
        except CouldNotLook as error:
            sandbox, missing = None, str(error)
    return Execution(
        sandbox=sandbox,
        missing=missing,
        environment=EnvironmentOptions(
            python=settings.python,
            installer=settings.installer,
            constraints=settings.constraints,
            index=settings.index,
            allow_build=settings.allow_build,
            allow_packages=settings.allow_packages,
            cache_dir=Path(settings.cache_dir) if settings.cache_dir else None,
        ),
        allow_hosts=settings.allow_hosts,
        data=settings.data,
        observe=settings.observe,
        deep=settings.deep,
        repeat=settings.repeat,
    )


def chat_model(settings: ModelSettings, cancel: threading.Event) -> ChatModel:
    """Make the client for a model. Nothing is asked yet."""
    from ohgw_agent.openai_chat import OpenAIChat

    return OpenAIChat(
        model=settings.model,
        base_url=settings.base_url,
        api_key=os.environ.get(settings.key_from, ""),
        temperature=settings.temperature,
        seed=settings.seed,
        timeout=settings.timeout,
        max_tries=settings.max_tries,
        stream=settings.stream,
        price=settings.price,
        cancel=cancel,
    )


def proposers(
    name: str,
    model: ChatModel | None,
    others: tuple[ChatModel, ...] = (),
    chosen: ModelSettings | None = None,
) -> tuple[Proposer, ...]:
    """Return the chain of proposers that `name` stands for. Raises InputError.

    `auto` is recipes, then the model if there is one; `recipes`; `chat`; `package.module:Class`.
    Candidates beyond the first are asked of `others` in turn, at other temperatures and seeds than
    those that were `chosen`.
    """
    check_proposer(name, model is not None)
    if ":" in name:
        return (_foreign(name),)
    chain: list[Proposer] = []
    if name in ("auto", "recipes"):
        from ohgw_agent.proposers.recipes import RecipeProposer

        chain.append(RecipeProposer())
    if name in ("auto", "chat") and model is not None:
        from ohgw_agent.proposers.chat import ChatProposer

        temperature, seed = (chosen.temperature, chosen.seed) if chosen else (None, None)
        chain.append(ChatProposer(model, others=others, temperature=temperature, seed=seed))
    return tuple(chain)


def check_proposer(name: str, has_model: bool) -> None:
    """Raise InputError for what `proposers` could not make: before a run begins."""
    if ":" in name:
        _named(name)
    elif name not in ("auto", "recipes", "chat"):
        raise InputError(f"no proposer {name!r}: use auto, recipes, chat or package.module:Class")
    elif name == "chat" and not has_model:
        raise InputError("--proposer chat needs a model: set OPENAI_API_KEY or give --base-url")


def _named(name: str) -> Any:
    """Return what stands at `package.module:Class`. Raises InputError."""
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise _unusable(name, error) from error


def _foreign(name: str) -> Proposer:
    try:
        return cast(Proposer, _named(name)())
    except TypeError as error:
        raise _unusable(name, error) from error


def _unusable(name: str, error: Exception) -> InputError:
    return InputError(f"--proposer {name}: {error}; give package.module:Class")
