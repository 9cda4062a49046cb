"""BundleFile: a bundle as one JSON file, in the original pipeline's shape or with plain paths."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.bundles import strict_json
from ohgw_tools.bundles.bundle_path import check_together, key_of, path_of
from ohgw_tools.errors import BundleError, InputError
from ohgw_tools.tree import Tree

MAX_FILE_BYTES = 8 << 20
MAX_BUNDLE_BYTES = 64 << 20
MAX_FILES = 2000

Json = Mapping[str, JsonValue]


def load(path: str | Path) -> Bundle:
    """Read a bundle from a JSON file or from a folder made by `bundle unpack`.

    Raises BundleError, naming the key at fault and what to do.
    """
    place = Path(path)
    # Unlike `Path`, `os.path` takes names that no file can have (too long, NUL) as missing.
    if os.path.isdir(place):  # noqa: PTH112
        from ohgw_tools.bundles.bundle_folder import read_folder

        return read_folder(place)
    return parse(read_text(place, MAX_BUNDLE_BYTES * 2), str(path))


def read_text(place: Path, limit: int) -> str:
    """Read a UTF-8 text file of at most `limit` bytes. Raises BundleError."""
    try:
        with place.open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "cannot be read"
        raise BundleError(str(place), problem, "Check the path") from error
    if len(content) > limit:
        raise BundleError(
            str(place), f"larger than {limit >> 20} MiB", "Leave out what is not code"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 (byte {error.start})"
        raise BundleError(str(place), problem, "Save the file as UTF-8 text") from None


def parse(text: str, origin: str = "bundle") -> Bundle:
    """Read a bundle from JSON text. Raises BundleError."""
    data = strict_json.loads(text, origin)
    if not isinstance(data, dict):
        raise BundleError(origin, "a bundle is a JSON object", "See `ohgw-agent schema bundle`")
    if "current_experiment" in data:
        return _from_seed(data)
    if "derived" in data:
        return _from_flat(data)
    raise BundleError(
        origin,
        "neither `current_experiment` nor `derived` is there",
        "See `ohgw-agent schema bundle` for the two shapes",
    )


def save(bundle: Bundle, path: str | Path) -> None:
    """Write a bundle in the shape that it was read in, whole or not at all (fsync, rename).

    Raises InputError where it cannot be written.
    """
    place = Path(path)
    content = dumps(bundle).encode()
    try:
        _replace(place, content)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"cannot write {place}: {reason}; give another place") from error


def _replace(place: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(place)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def dumps(bundle: Bundle) -> str:
    """Return a bundle as JSON text, in the shape that it was read in."""
    data = _seed_shape(bundle) if bundle.form == "seed" else _flat_shape(bundle)
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def tree_from(files: JsonValue, where: str) -> Tree:
    """Read a mapping of keys or paths to texts. Raises BundleError for anything hostile."""
    found: dict[str, str] = {}
    keys: dict[str, str] = {}
    total = 0
    for key, text in _object(files, where).items():
        path = path_of(key)
        if path in found:
            problem = f"{keys[path]!r} and {key!r} both stand for {path}"
            raise BundleError(f"{where}.{key}", problem, "Keep one of them")
        if not isinstance(text, str):
            raise BundleError(f"{where}.{key}", "a file's content is a text", "Give a JSON string")
        size = len(text.encode())
        total += size
        if size > MAX_FILE_BYTES:
            raise BundleError(f"{where}.{key}", f"{size} bytes; the limit is 8 MiB", "Shorten it")
        found[path], keys[path] = text, key
    if total > MAX_BUNDLE_BYTES:
        raise BundleError(where, f"{total} bytes; the limit is 64 MiB", "Leave out data files")
    if len(found) > MAX_FILES:
        raise BundleError(where, f"{len(found)} files; the limit is {MAX_FILES}", "Leave some out")
    check_together(found, where)
    return Tree(found)


def derived_from(files: JsonValue, where: str) -> Tree:
    """Like `tree_from`, and refuses code that is empty."""
    tree = tree_from(files, where)
    if not any(text.strip() for text in tree.values()):
        raise BundleError(where, "there is no derived code", "Give at least one file that has text")
    return tree


def experiment_from(data: Json, id_key: str, where: str) -> Experiment:
    """Read id, description and run variations. Raises BundleError."""
    variations = data.get("run_variations", [])
    if not isinstance(variations, list) or not all(isinstance(v, str) and v for v in variations):
        raise BundleError(f"{where}.run_variations", "not a list of names", "Give a JSON list")
    names = tuple(str(v) for v in variations)
    if len(set(names)) < len(names):
        raise BundleError(f"{where}.run_variations", "a name stands twice", "Name each run once")
    return Experiment(
        id=_text(data, id_key, where) or "experiment",
        description=_text(data, "description", where),
        run_variations=names,
    )


def _from_seed(data: Json) -> Bundle:
    method = _object(data.get("new_method", {}), "new_method")
    design = _object(method.get("experimental_design", {}), "new_method.experimental_design")
    current = _object(data["current_experiment"], "current_experiment")
    return Bundle(
        base=tree_from(design.get("base_code", {}), "new_method.experimental_design.base_code"),
        derived=derived_from(current.get("code", {}), "current_experiment.code"),
        experiment=experiment_from(current, "experiment_id", "current_experiment"),
        method=dict(_object(method.get("method", {}), "new_method.method")),
        strategy=_text(design, "experiment_strategy", "new_method.experimental_design"),
        form="seed",
        extra=dict(data),
    )


def _from_flat(data: Json) -> Bundle:
    return Bundle(
        base=tree_from(data.get("base", {}), "base"),
        derived=derived_from(data["derived"], "derived"),
        experiment=experiment_from(_object(data.get("experiment", {}), "experiment"), "id", ""),
        method=dict(_object(data.get("method", {}), "method")),
        strategy=_text(data, "strategy", ""),
        form="flat",
        extra={k: v for k, v in data.items() if k not in _FLAT_KEYS},
    )


_FLAT_KEYS = ("base", "derived", "experiment", "method", "strategy")


def _flat_shape(bundle: Bundle) -> dict[str, JsonValue]:
    return {
        **bundle.extra,
        "experiment": bundle.experiment.model_dump(mode="json"),
        "method": bundle.method,
        "strategy": bundle.strategy,
        "base": dict(bundle.base),
        "derived": dict(bundle.derived),
    }


def _seed_shape(bundle: Bundle) -> dict[str, JsonValue]:
    """Put the derived code back into the input; everything else there is left as it was."""
    data = json.loads(json.dumps(bundle.extra))
    current = data["current_experiment"]
    used = {path_of(key): key for key in current.get("code", {})}
    current["code"] = {used.get(p, key_of(p)): text for p, text in bundle.derived.items()}
    result: dict[str, JsonValue] = data
    return result


def _object(value: JsonValue, where: str) -> Json:
    if not isinstance(value, dict):
        raise BundleError(where, "not a JSON object", "See `ohgw-agent schema bundle`")
    return value


def _text(data: Json, key: str, where: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise BundleError(f"{where}.{key}", "not a text", "Give a JSON string")
    return value
