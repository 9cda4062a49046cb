"""Good bundles: every kind in every style."""

from __future__ import annotations

from kinds import all_kinds
from styles import all_styles

from ohgw_tools.bundle import Bundle, Experiment


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
