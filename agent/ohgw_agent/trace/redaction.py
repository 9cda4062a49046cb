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
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote, quote_plus

_SECRET_WORDS = frozenset(
    {"KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "CREDENTIAL"}
    | {"CREDENTIALS", "AUTH", "COOKIE", "DSN", "PAT", "JWT", "BEARER"}
)
_LEAST = 8  # shorter values stand in ordinary text by chance

# (kind, a string that must be there for a match, pattern whose group `s` is the secret)
_SHAPES: tuple[tuple[str, str, str], ...] = (
    (
        "private-key",
        "PRIVATE KEY",
        r"(?P<s>-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
        r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z))",
    ),
    ("anthropic-key", "sk-ant-", r"(?P<s>\bsk-ant-[A-Za-z0-9_\-]{16,})"),
    ("openai-key", "sk-", r"(?P<s>\bsk-(?!ant-)(?=[A-Za-z_\-]*[0-9])[A-Za-z0-9_\-]{20,})"),
    ("github-token", "gh", r"(?P<s>\bgh[pousr]_[A-Za-z0-9]{20,})"),
    ("github-token", "github_pat_", r"(?P<s>\bgithub_pat_[A-Za-z0-9_]{22,})"),
    ("gitlab-token", "glpat-", r"(?P<s>\bglpat-[A-Za-z0-9_\-]{20,})"),
    ("aws-key-id", "A", r"(?P<s>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)"),
    ("huggingface-token", "hf_", r"(?P<s>\bhf_[A-Za-z0-9]{30,})"),
    ("google-key", "AIza", r"(?P<s>\bAIza[A-Za-z0-9_\-]{35})"),
    ("slack-token", "xox", r"(?P<s>\bxox[abeoprs]-[A-Za-z0-9\-]{10,})"),
    ("stripe-key", "k_live_", r"(?P<s>\b[sr]k_live_[A-Za-z0-9]{16,})"),
    ("npm-token", "npm_", r"(?P<s>\bnpm_[A-Za-z0-9]{36})"),
    ("pypi-token", "pypi-", r"(?P<s>\bpypi-[A-Za-z0-9_\-]{50,})"),
    ("wandb-key", "WANDB_API_KEY", r"WANDB_API_KEY['\"]?\]?\s*[=:,]\s*['\"]?(?P<s>[0-9a-f]{40})"),
    ("jwt", "eyJ", r"(?P<s>\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,})"),
    ("url-password", "://", r"://[^\s/:@'\"\[\]{}<>$]{0,64}:(?P<s>[^\s/@'\"\[\]{}<>$]{4,128})@"),
    ("bearer", "earer ", r"\b[Bb]earer\s+(?P<s>(?=[^\s'\"]*[0-9])[A-Za-z0-9_\-.~+/]{20,}=*)"),
    ("aws-secret", "secret", r"(?i:aws_?secret_?access_?key)['\"]?\]?\s*[=:]\s*['\"]?"
     r"(?P<s>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"),
    ("assigned-secret", "", r"(?i:pass(?:word|wd|phrase)|secret|api[_\-]?key|access[_\-]?key|"
     r"(?:access|auth|api|bot)[_\-]?token|client[_\-]?secret|private[_\-]?key)['\"]?\]?"
     r"\s*[=:]\s*\\?(?P<q>['\"])(?P<s>(?=[^'\"\s]*[0-9])(?=[^'\"\s]*[A-Za-z])[^'\"\s\\]{8,200})"
     r"\\?(?P=q)"),
)  # fmt: skip
_COMPILED = tuple((kind, needle, re.compile(pattern)) for kind, needle, pattern in _SHAPES)
_NEEDS = re.compile(r"(?i)passw|passphrase|secret|key|token")


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
        self._forms += [(form, f"env:{name}") for form in forms(value)]
        self._forms.sort(key=lambda item: len(item[0]), reverse=True)

    def text(self, text: str) -> str:
        """Return `text` without its secrets. Idempotent."""
        for form, kind in self._forms:
            if form in text:
                self.counts[kind] += text.count(form)
                text = text.replace(form, f"[REDACTED:{kind}]")
        for kind, needle, pattern in _COMPILED:
            if needle in text and (needle or _NEEDS.search(text)):
                text = pattern.sub(partial(self._placeholder, kind), text)
        return text

    def content(self, content: bytes) -> bytes:
        """Return `content` without its secrets; bytes that are not UTF-8 stay as they are."""
        text = content.decode("utf-8", "surrogateescape")
        clean = self.text(text)
        return content if clean == text else clean.encode("utf-8", "surrogateescape")

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
            from ohgw_agent.trace.blobs import replace_synced

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
    found |= {raw.hex(), raw.hex().upper()}
    for shift in range(3):
        found |= _base64_inner(raw, shift)
    return tuple(sorted((f for f in found if len(f) >= _LEAST), key=len, reverse=True))


def _base64_inner(raw: bytes, shift: int) -> set[str]:
    """The characters of base64 that `raw` alone decides when `shift` bytes stand before it."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode()
    first = (0, 2, 3)[shift]
    tail = (len(raw) + shift) % 3
    last = len(encoded) - (0, 3, 2)[tail]
    inner = encoded[first:last]
    return {inner, inner.replace("+", "-").replace("/", "_")}
