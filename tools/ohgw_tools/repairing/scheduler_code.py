"""SchedulerCode: which class a recipe writes for a scheduler of the catalogue, and under what key.

A class that stands in for a scheduler that it is not carries a key that says so, and so does every
result of a search with it.
"""

from __future__ import annotations

from ohgw_tools import catalogue, templates
from ohgw_tools.catalogue import SchedulerEntry
from ohgw_tools.edit import Edit, InsertDefinition
from ohgw_tools.repairing.template_edit import top_names, with_definitions

_TEMPLATES = ("schedulers", "halving", "gaussian_race")


def class_of(name: str) -> str | None:
    """Return the class that is written for a scheduler, or None where there is none."""
    entry = catalogue.scheduler(name)
    return None if entry is None else entry.template or entry.substitute


def key_of(name: str) -> str:
    """Return what the configuration calls it: `PASHA`, or `DYHPO_SUBSTITUTE`."""
    entry = catalogue.scheduler(name)
    plain = name.upper().replace("-", "_")
    return f"{plain}_SUBSTITUTE" if entry is not None and _is_substituted(entry) else plain


def substituted(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the schedulers that another class stands in for."""
    entries = [(name, catalogue.scheduler(name)) for name in names]
    return tuple(name for name, entry in entries if entry is not None and _is_substituted(entry))


def scheduler_edits(path: str, text: str, names: tuple[str, ...]) -> list[Edit]:
    """Return the edits that put the schedulers' classes and their registry into a file."""
    classes = {name: str(class_of(name)) for name in names}
    wanted = set(classes.values())
    # PASHA steers an ASHA, Hyperband runs brackets of successive halving.
    wanted |= {"AshaScheduler", "_percentile"} if "PashaScheduler" in wanted else set()
    wanted |= {"SuccessiveHalvingScheduler"} if "HyperbandScheduler" in wanted else set()
    wanted |= {"gaussian_process"} if "GaussianProcessRaceScheduler" in wanted else set()
    edits: list[Edit] = []
    for template in _TEMPLATES:
        defined = set(templates.names(template))
        if defined & wanted:
            wanted.add("Job")
            unused = tuple(defined - wanted)
            edits += with_definitions(path, text, template, without=unused)
            wanted.discard("Job")
            # Written once: every template names the same type.
            text = f"{text}\nJob = tuple[int, int, int]\n"
    if "SCHEDULERS" not in top_names(text):
        entries = ", ".join(f'"{key_of(name)}": {cls}' for name, cls in classes.items())
        edits.append(InsertDefinition(path=path, code=f"SCHEDULERS = {{{entries}}}"))
    return edits


def _is_substituted(entry: SchedulerEntry) -> bool:
    return entry.template is None and entry.substitute is not None
