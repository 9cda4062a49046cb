"""TomlEdit: set, remove or append at a key path of a TOML file, by tomlkit; comments stay."""

from __future__ import annotations

import tomllib
from typing import Any

from ohgw_tools.editing import key_path
from ohgw_tools.editing.key_path import Key, written
from ohgw_tools.editing.refusal import refused
from ohgw_tools.source.syntax import MAX_EDITED


def set_key(text: str, key: Key, value: Any) -> str:
    """Return `text` with `value` at `key`; missing tables on the way are made.

    Raises PatchRejected: does-not-parse, unknown-key, bad-code, yaml-changed-more.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    document = _document(text)
    expected = key_path.with_value(tomllib.loads(text), key, value)
    holder: Any = document
    try:
        for part in key[:-1]:
            if isinstance(holder, dict) and part not in holder:
                holder[part] = tomlkit.table()
            holder = holder[part]
        holder[key[-1]] = _item(value)
    except (TOMLKitError, KeyError, IndexError, TypeError, ValueError) as error:
        raise refused("bad-code", f"{written(key)!r} cannot be set: {error}") from None
    return _checked(document, expected, key)


def remove_key(text: str, key: Key) -> str:
    """Return `text` without `key`. Raises PatchRejected like `set_key`."""
    document = _document(text)
    expected = key_path.without(tomllib.loads(text), key)
    holder: Any = document
    for part in key[:-1]:
        holder = holder[part]
    del holder[key[-1]]
    return _checked(document, expected, key)


def append_item(text: str, key: Key, value: Any) -> str:
    """Return `text` with `value` as the last item of the array at `key`. Raises like `set_key`."""
    document = _document(text)
    data = tomllib.loads(text)
    present = key_path.value_at(data, key)
    if not isinstance(present, list):
        raise refused("unknown-key", f"{written(key)!r} is not an array")
    expected = key_path.with_value(data, key, [*present, value])
    array: Any = document
    for part in key:
        array = array[part]
    array.append(_item(value))
    return _checked(document, expected, key)


def _document(text: str) -> Any:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    if len(text) > MAX_EDITED:
        raise refused("too-large", "the file is too large for key edits; use SEARCH/REPLACE")
    try:
        tomllib.loads(text)
        document = tomlkit.parse(text)
    except (tomllib.TOMLDecodeError, TOMLKitError, RecursionError) as error:
        raise refused(
            "does-not-parse", f"the file as it stands is not TOML ({error}); use SEARCH/REPLACE"
        ) from None
    if document.as_string() != text:
        raise refused("yaml-changed-more", "the file's layout would change; use SEARCH/REPLACE")
    return document


def _item(value: Any) -> Any:
    import tomlkit

    if value is None:
        raise refused("bad-code", "TOML has no null; remove the key instead")
    item = tomlkit.item(value)
    if isinstance(value, list) and len(value) > 3 and hasattr(item, "multiline"):
        item.multiline(True)
    return item


def _checked(document: Any, expected: Any, key: Key) -> str:
    text: str = document.as_string()
    try:
        actual = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        actual = None
    # TOML tables have no order that counts; tomlkit may write a new table last.
    if not key_path.same(_sorted(actual), _sorted(expected)):
        raise refused(
            "yaml-changed-more",
            f"{written(key)!r} cannot be changed without changing other values; use SEARCH/REPLACE",
        )
    return text


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _sorted(value[k]) for k in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
