"""Subject: a bundle with each of its files parsed once, shared by all rules."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract


class Subject:
    """What rules look at: the bundle, the contract, and every file parsed at most once."""

    def __init__(self, bundle: Bundle, contract: Contract) -> None:
        self.bundle = bundle
        self.contract = contract
