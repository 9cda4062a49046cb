"""BundleFolder: a bundle as a folder to work on by hand: base/, derived/ and experiment.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import JsonValue

from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles import strict_json
from ohgw_tools.bundles.bundle_file import MAX_FILE_BYTES, MAX_FILES, parse, read_text
from ohgw_tools.bundles.bundle_path import fault_of
from ohgw_tools.errors import BundleError, InputError

_SKIPPED = {".git", "__pycache__", ".venv", ".ruff_cache", ".mypy_cache", ".pytest_cache"}


def pack(base: Path, derived: Path, experiment: Path) -> Bundle:
    """Make a bundle of two folders and a YAML or JSON file that holds `id`, `description`,
    `run_variations` and, if you like, `method` and `strategy`. Raises BundleError.
    """
    about = _read_about(experiment)
    data: dict[str, JsonValue] = {
        "base": dict(_files(base)),
        "derived": dict(_files(derived)),
        "experiment": {k: v for k, v in about.items() if k not in ("method", "strategy")},
        "method": about.get("method", {}),
        "strategy": about.get("strategy", ""),
    }
    return parse(json.dumps(data), str(derived))


def read_folder(folder: Path) -> Bundle:
    """Read a folder that `unpack` made. Raises BundleError."""
    for name in ("derived", "experiment.yaml"):
        if not (folder / name).exists():
            remedy = "Give a folder with base/, derived/ and experiment.yaml"
            raise BundleError(str(folder), f"no {name} in it", remedy)
    return pack(folder / "base", folder / "derived", folder / "experiment.yaml")


def unpack(bundle: Bundle, folder: Path) -> None:
    """Write a bundle as a folder, which must be new or empty. Raises InputError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already: give a new or empty folder")
    for name, tree in (("base", bundle.base), ("derived", bundle.derived)):
        for path, text in tree.items():
            place = folder / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
    about = {
        **bundle.experiment.model_dump(mode="json"),
        "method": bundle.method,
        "strategy": bundle.strategy,
    }
    text = yaml.safe_dump(about, allow_unicode=True, sort_keys=False, width=100)
    (folder / "experiment.yaml").write_text(text, encoding="utf-8")


def _read_about(place: Path) -> dict[str, JsonValue]:
    try:
        data = yaml.safe_load(read_text(place, MAX_FILE_BYTES))
        plain = strict_json.loads(json.dumps(data), str(place))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise BundleError(str(place), f"not plain YAML: {error}", "See the README") from None
    if not isinstance(plain, dict):
        raise BundleError(str(place), "not a mapping", "Give id, description, run_variations")
    return plain


def _files(folder: Path) -> Iterator[tuple[str, JsonValue]]:
    """Yield relative path and text of each regular file; links are refused, caches are left out."""
    if not folder.exists():
        return
    count = 0
    for place in sorted(folder.rglob("*")):
        relative = place.relative_to(folder)
        if _SKIPPED & set(relative.parts) or place.suffix == ".pyc":
            continue
        if place.is_symlink():
            raise BundleError(str(relative), "a symbolic link", "Put the file itself there")
        if place.is_dir():
            continue
        name = relative.as_posix()
        fault = None if place.is_file() else "not a regular file"
        fault = fault or fault_of(name)
        if fault:
            raise BundleError(name, fault, "Rename it or leave it out")
        count += 1
        if count > MAX_FILES:
            raise BundleError(str(folder), f"more than {MAX_FILES} files", "Leave some out")
        yield name, read_text(place, MAX_FILE_BYTES)
