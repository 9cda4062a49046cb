"""InputSize: a model's arguments and a dataset's image size, made to fit each other in a run."""

from __future__ import annotations

from typing import Any

from ohgw_tools import catalogue
from ohgw_tools.catalogue import DatasetEntry, ModelEntry
from ohgw_tools.edit import Edit, SetKey
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.known_data import FULL_SIZE, kind_of
from ohgw_tools.source.run_list import Run, runs
from ohgw_tools.subject import Subject

# Models whose weights depend on the size of images.
_SIZED = ("VisionTransformer",)


def fitted(
    subject: Subject, name: str, entry: ModelEntry, findings: tuple[Finding, ...]
) -> list[Edit] | None:
    """Return the edits that give the runs which name the model what it has to know of their data
    (classes, channels, features, image size), and the smoke runs small sizes. What a run says
    already stays. None where a model of one image size meets data that other code loads, or none
    that the catalogue knows.
    """
    edits: list[Edit] = []
    for role in ("full", "smoke"):
        for run in runs(subject, role):
            model = run.config.get("model")
            if not isinstance(model, dict) or not _same(model.get("name"), name):
                continue
            held = model.get("kwargs")
            own: dict[str, Any] = held if isinstance(held, dict) else {}
            data = _data(run)
            wanted = dict(entry.small) if role == "smoke" else {}
            wanted |= _arguments(entry, data)
            if entry.template in _SIZED:
                if data is None or kind_of(data) is None or not _to_be_loaded(findings, run):
                    return None
                sizes = {**wanted, **own}
                native = data.shape[1] if data.shape else FULL_SIZE
                # Patches of one's own are cut from images as they are.
                if "patch_size" in own and "image_size" not in own:
                    sizes["image_size"] = wanted["image_size"] = native
                size = int(sizes.get("image_size", FULL_SIZE))
                if (run.config.get("dataset") or {}).get("image_size") != size:
                    place = (*run.key, "dataset", "image_size")
                    edits.append(SetKey(path=run.path, key=place, value=size))
            edits += [
                SetKey(path=run.path, key=(*run.key, "model", "kwargs", key), value=value)
                for key, value in wanted.items()
                if key not in own
            ]
    return edits


def _arguments(entry: ModelEntry, data: DatasetEntry | None) -> dict[str, int | float | str]:
    """What the template's constructor has to know of the data beyond its defaults."""
    if data is None or entry.task == "causal-lm":
        return {}
    found: dict[str, int | float | str] = {}
    if data.classes is not None:
        found["num_classes"] = data.classes
    if entry.task == "tabular-classification" and data.features is not None:
        found["in_features"] = data.features
    if data.shape is not None and data.shape[0] != 3:
        found["in_channels"] = data.shape[0]
    return found


def _data(run: Run) -> DatasetEntry | None:
    dataset = run.config.get("dataset")
    return catalogue.dataset(str(dataset.get("name"))) if isinstance(dataset, dict) else None


def _to_be_loaded(findings: tuple[Finding, ...], run: Run) -> bool:
    """Whether the run's dataset is one that no code loads yet."""
    return any(
        str(f.data.get("key", "")).endswith("dataset.name")
        and _same(f.data.get("name"), str(run.config["dataset"].get("name")))
        for f in findings
    )


def _same(one: object, other: str) -> bool:
    """Whether two spellings are one name: code may have changed the letter case."""
    return catalogue.spelling(str(one)) == catalogue.spelling(other)
