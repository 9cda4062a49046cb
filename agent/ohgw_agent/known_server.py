"""KnownServer: to which model servers a resumed run may send a key.

A record names the server that was asked, and may be somebody else's: a planted one could name a
server of its own and draw the key there.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from ohgw_agent.settings import ModelSettings, Settings
from ohgw_tools.errors import InputError
from ohgw_tools.printable import printable

_KEYS = ("OPENAI_API_KEY", "OHGW_REVIEWER_API_KEY")


def servers(settings: Settings) -> tuple[str, ...]:
    """Return the servers that settings name."""
    return tuple(m.base_url for m in _models(settings) if m.base_url is not None)


def check_known(
    settings: Settings, agreed: Sequence[str] = (), *, model: bool = False, reviewer: bool = False
) -> None:
    """Refuse a record that would draw a key away. `model` and `reviewer` say that the caller gives
    these, in place of what the settings name.

    Raises InputError if a key would go to a server other than this machine, the client's own
    default, `OPENAI_BASE_URL` and those that were `agreed`; or from a variable that holds no
    model's key.
    """
    known = {*agreed, os.environ.get("OPENAI_BASE_URL", "")}
    replaced = {"proposing": None, "also_proposing": ()} if model else {}
    replaced |= {"reviewing": None} if reviewer else {}
    for asked in _models(settings.model_copy(update=replaced)):
        if asked.key_from not in _KEYS:
            name = printable(asked.key_from)
            raise InputError(
                f"the record takes its key from {name}; a resumed run takes one from "
                f"{' or '.join(_KEYS)} alone: use these, or give the model itself from Python"
            )
        url = asked.base_url
        if url is None or url in known or not os.environ.get(asked.key_from) or _is_local(url):
            continue
        raise InputError(
            f"the record names the model server {printable(url)}, which would be sent "
            f"{asked.key_from}: give --base-url with that address to agree, or unset the key"
        )


def _models(settings: Settings) -> tuple[ModelSettings, ...]:
    several = (settings.proposing, settings.reviewing, *settings.also_proposing)
    return tuple(model for model in several if model is not None)


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
