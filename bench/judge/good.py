"""Good bundles: every kind in every style, and one of the Hydra family."""

from __future__ import annotations

import sys
from pathlib import Path

from kinds import all_kinds
from styles import all_styles

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.contract import Contract

HYDRA = "hydra-ridge"
CONTRACTS = {name: Contract.load(name) for name in ("base-derived", "hydra")}


def good_bundles() -> dict[str, Bundle]:
    """Return the good bundles by name, `kind-style`."""
    found = {}
    for kind in all_kinds():
        for style, files in all_styles().items():
            name = f"{kind.name}-{style}"
            experiment = Experiment(
                id=name,
                description=kind.description,
                run_variations=tuple(v.id for v in kind.variations),
            )
            found[name] = Bundle(
                base=files(kind, True), derived=files(kind, False), experiment=experiment
            )
    return found


def hydra_good() -> Bundle:
    """Return the Hydra bundle that the tests use, too."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "static"))
    from hydra_bundle import hydra_bundle

    return hydra_bundle()


def contract_of(bundle: Bundle) -> Contract:
    """Return the contract that a bundle of this benchmark is written for."""
    return CONTRACTS["base-derived" if bundle.base else "hydra"]
