"""Terminal: foreign words made harmless before they are shown."""

from __future__ import annotations

import unicodedata

_HARMFUL = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def harmless(text: str, *, lines: bool = False, limit: int = 4000) -> str:
    """Return `text` with control and invisible characters spelled out, cut to `limit` characters.

    With `lines` newlines and tabs stay as they are.
    """
    keep = "\n\t" if lines else ""
    shown = text if len(text) <= limit else f"{text[:limit]}... ({len(text) - limit} more)"
    return "".join(c if c in keep or not _harmful(c) else _spelled(c) for c in shown)


def _harmful(character: str) -> bool:
    return unicodedata.category(character) in _HARMFUL


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
