"""Redaction: secrets are taken out of text before it is first written, shown or sent.

Two sources: the values of environment variables with secret-looking names (and values that the
caller adds), in every form that they may stand in (as they are, escaped in JSON, URL-encoded,
base64 at any alignment, hexadecimal); and the known shapes of tokens. A placeholder is
`[REDACTED:env:NAME]` or `[REDACTED:kind#n]`, where n is the same for the same secret all through
one run. The table behind n holds keyed hashes under a random key, which goes when the run is
sealed: a plain hash of a weak secret could be guessed from the record.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote, quote_plus

from ohgw_agent.trace.blobs import replace_synced
from ohgw_tools.token_shape import SHAPES

_SECRET_WORDS = frozenset(
    {"KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "CREDENTIAL"}
    | {"CREDENTIALS", "AUTH", "COOKIE", "DSN", "PAT", "JWT", "BEARER"}
)
_LEAST = 8  # shorter values stand in ordinary text by chance
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2}){16,}|[A-Za-z0-9+/_\-]{26,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-f]{2}){16,}|(?:[0-9A-F]{2}){16,}")


class Redactor:
    """Takes secrets out of text. `values` are secrets by name; `counts` says how many were met."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.numbers = Numbers(None)
        self._forms: list[tuple[str, str]] = []
        for name, value in (values or {}).items():
            self.add(name, value)

    @staticmethod
    def from_environment(environment: Mapping[str, str] | None = None) -> Redactor:
        """Return a redactor of the secrets in `environment` (the process's own by default)."""
        source = os.environ if environment is None else environment
        return Redactor({name: value for name, value in source.items() if is_secret(name, value)})

    def add(self, name: str, value: str) -> None:
        """Redact `value` too, as `[REDACTED:env:name]`. Values shorter than 8 are left alone."""
        if len(value) < _LEAST:
            return
        for part in (value, *_opaque_lines(value)):
            self._forms += [(form, f"env:{name}") for form in forms(part)]
        self._forms.sort(key=lambda item: len(item[0]), reverse=True)

    def text(self, text: str) -> str:
        """Return `text` without its secrets. Idempotent."""
        for form, kind in self._forms:
            if form in text:
                self.counts[kind] += text.count(form)
                text = text.replace(form, f"[REDACTED:{kind}]")
        for shape in SHAPES:
            if shape.may_stand_in(text):
                text = shape.pattern.sub(partial(self._placeholder, shape.kind), text)
        return _ENCODED.sub(self._encoded, text)

    def content(self, content: bytes) -> bytes:
        """Return `content` without its secrets; bytes that are not UTF-8 stay as they are."""
        text = content.decode("utf-8", "surrogateescape")
        clean = self.text(text)
        return content if clean == text else clean.encode("utf-8", "surrogateescape")

    def _encoded(self, match: re.Match[str]) -> str:
        """Take out a run of base64, hexadecimal digits or `%41` whose content has the shape of a
        token.
        """
        for content in _decodings(match[0]):
            for shape in SHAPES:
                if shape.distinct and shape.may_stand_in(content) and shape.pattern.search(content):
                    kind = f"encoded-{shape.kind}"
                    self.counts[kind] += 1
                    return f"[REDACTED:{kind}#{self.numbers.of(kind, match[0])}]"
        return match[0]

    def _placeholder(self, kind: str, match: re.Match[str]) -> str:
        secret = match["s"]
        if "[REDACTED:" in secret:
            return match[0]
        self.counts[kind] += 1
        number = self.numbers.of(kind, secret)
        start, end = match.span("s")
        offset = match.start()
        return match[0][: start - offset] + f"[REDACTED:{kind}#{number}]" + match[0][end - offset :]


class Numbers:
    """Which secret has which number, on disk while the run is open so that a resumed session counts
    on; only keyed hashes are kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._key = os.urandom(32)
        self._seen: dict[str, list[str]] = {}
        if path is not None and path.exists():
            stored = json.loads(path.read_bytes())
            self._key, self._seen = bytes.fromhex(stored["key"]), stored["seen"]

    def of(self, kind: str, secret: str) -> int:
        """Return the number of `secret` among those of its kind, from 1."""
        mark = hmac.new(self._key, secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        seen = self._seen.setdefault(kind, [])
        if mark not in seen:
            seen.append(mark)
            self._save()
        return seen.index(mark) + 1

    def forget(self) -> None:
        """Throw the key away."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _save(self) -> None:
        if self._path is not None:
            stored = {"key": self._key.hex(), "seen": self._seen}
            replace_synced(self._path, json.dumps(stored).encode())


def is_secret(name: str, value: str) -> bool:
    """Whether an environment variable looks like a secret: by the words of its name, not a path."""
    words = set(re.split(r"[_\-.]|(?<=[a-z])(?=[A-Z])", name.upper()))
    named = bool(words & _SECRET_WORDS) or name.upper().endswith(("APIKEY", "TOKEN", "PASSWORD"))
    return named and len(value) >= _LEAST and not value.startswith(("/", "~/", "./", "unix:"))


def forms(value: str) -> tuple[str, ...]:
    """Return `value` in every form that redaction looks for, longest first."""
    raw = value.encode("utf-8", "surrogateescape")
    found = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    found |= {quote(raw, safe=""), quote(raw), quote_plus(raw), repr(value)[1:-1]}
    found |= {raw.hex(), raw.hex().upper(), value.replace("/", "\\/")}
    for shift in range(3):
        found |= _base64_inner(raw, shift)
    for _ in range(2):  # texts are quoted in JSON that is quoted in JSON
        found |= {json.dumps(form)[1:-1] for form in found}
    return tuple(sorted((f for f in found if len(f) >= _LEAST), key=len, reverse=True))


def _opaque_lines(value: str) -> list[str]:
    """The lines of a key that is many: they may stand apart, commented out or in a patch."""
    lines = [line.strip() for line in value.splitlines()]
    return [n for n in lines if len(n) >= 20 and " " not in n and n != value] if lines[1:] else []


def _decodings(run: str) -> Iterator[str]:
    """What an encoded run may say."""
    digits = run.replace("%", "") if run.startswith("%") else run
    for found in _HEX.findall(digits):
        yield bytes.fromhex(found).decode("latin-1")
    if digits == run:
        yield _decoded(run)


def _decoded(run: str) -> str:
    usable = run.rstrip("=").replace("-", "+").replace("_", "/")
    usable = usable[:-1] if len(usable) % 4 == 1 else usable
    return base64.b64decode(usable + "=" * (-len(usable) % 4)).decode("latin-1")


def _base64_inner(raw: bytes, shift: int) -> set[str]:
    """The characters of base64 that `raw` alone decides when `shift` bytes stand before it."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode()
    first = (0, 2, 3)[shift]
    tail = (len(raw) + shift) % 3
    last = len(encoded) - (0, 3, 2)[tail]
    inner = encoded[first:last]
    return {inner, inner.replace("+", "-").replace("/", "_")}
