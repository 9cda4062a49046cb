"""Asked: what a client asks for, held within what the server was started with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ohgw_agent.mcp_server.desk import Desk
    from ohgw_agent.settings import Settings
    from ohgw_tools.contract import Contract


def settings(
    desk: Desk,
    contract_name: str,
    static_only: bool,
    attempts: int | None = None,
    seconds: float | None = None,
) -> Settings:
    """Return the server's settings, narrowed. Raises InputError for a contract out of reach."""
    given = desk.settings
    update: dict[str, object] = {
        "static_only": given.static_only or static_only,
        "budget": given.budget.model_copy(
            update={
                "attempts": _least(attempts, given.budget.attempts),
                "seconds": _least(seconds, given.budget.seconds),
            }
        ),
    }
    if contract_name:
        update |= {"contract": contract_name, "contract_text": _text(desk, contract_name)}
    return given.model_copy(update=update)


def contract(chosen: Settings) -> Contract:
    """Return the contract of the settings. Raises ContractError."""
    from ohgw_tools.contract import Contract, parse

    if chosen.contract_text is not None:
        return parse(chosen.contract_text, chosen.contract)
    return Contract.load(chosen.contract)


def _text(desk: Desk, name: str) -> str | None:
    from ohgw_tools.contract import builtin_names

    return None if name in builtin_names() else desk.folders.text(name)


def _least(asked: float | None, allowed: float | None) -> float | None:
    given = [value for value in (asked, allowed) if value is not None]
    return min(given) if given else None
