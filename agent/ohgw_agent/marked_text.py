"""MarkedText: foreign text between marks that it cannot forge."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ohgw_tools.tree import sha256

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Marks:
    """Opening and closing lines with a code that stands in none of the texts. The code is taken
    from the texts themselves, so that the same texts always give the same prompt.
    """

    code: str

    @staticmethod
    def around(texts: Iterable[str]) -> Marks:
        """Return marks for these texts."""
        everything = "\n".join(texts)
        code = sha256(everything.encode(errors="surrogatepass"))[:8]
        while code in everything:
            code = sha256(code.encode())[:8]
        return Marks(code)

    def wrap(self, title: str, text: str) -> str:
        """Return `text` between marks, on lines of its own."""
        end = "" if text.endswith("\n") or not text else "\n"
        return f"=== {one_line(title, 200)} [{self.code}]\n{text}{end}=== end [{self.code}]\n"


def one_line(text: str, limit: int) -> str:
    """Return foreign text on one line of at most about `limit` characters; what was cut is said."""
    flat = _CONTROL.sub("?", " ".join(text.split()))
    return flat if len(flat) <= limit else f"{flat[:limit]} [{len(flat) - limit} characters cut]"


def tail(text: str, limit: int) -> str:
    """Return the end of a long text, where logs say what went wrong; what was cut is said."""
    clean = _CONTROL.sub("?", text)
    if len(clean) <= limit:
        return clean
    return f"[{len(clean) - limit} characters cut]\n{clean[-limit:]}"
