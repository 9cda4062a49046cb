"""TokenShape: what well-known secrets look like. Each pattern's group `s` is the secret itself.

Quantifiers that could meet hostile text are bounded, so that a search takes linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import product

# A token begins where no word goes on before it. In JSON or a URL the characters before it may be
# the end of an escape: `\nsk-...`, `\u0027sk-...`, `\x1bsk-...`, `%3Dsk-...`.
_BEGIN = (
    r"(?:(?<![A-Za-z0-9_])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4})|(?<=\\x[0-9a-fA-F]{2})"
    r"|(?<=%[0-9A-Fa-f]{2}))"
)
_KEY_END = r"-----END [A-Z0-9 ]{0,20}PRIVATE KEY(?: BLOCK)?-----"
_NAME = (
    r"(?i:pass(?:word|wd|phrase)|secret|api[_\-]?key|access[_\-]?key|client[_\-]?secret|"
    r"(?:access|auth|api|bot)[_\-]?token|private[_\-]?key)"
)
_GIVEN = r"(?:\\{0,8}['\"])?\]?\s{0,20}[=:]\s{0,20}\\{0,8}"


@dataclass(frozen=True, slots=True)
class TokenShape:
    """One kind of secret. `needle` must stand in a text for the expression to match, and one of
    `words` in any case, where there are any; `distinct` kinds are known by themselves, without what
    stands around them.
    """

    kind: str
    needle: str
    expression: str
    distinct: bool = True
    words: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled when first asked for: few kinds may stand in any one text."""
        return _compiled(self.expression)

    def may_stand_in(self, text: str) -> bool:
        """Whether it is worth while to search `text`."""
        if self.needle not in text:
            return False
        folded = text.casefold() if self.words else ""
        return not self.words or any(word in folded for word in self.words)


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


def _token(kind: str, needle: str, body: str, words: tuple[str, ...] = ()) -> TokenShape:
    return TokenShape(kind, needle, f"{_BEGIN}(?P<s>{body})", words=words)


def _around(kind: str, needle: str, pattern: str, words: tuple[str, ...] = ()) -> TokenShape:
    return TokenShape(kind, needle, pattern, distinct=False, words=words)


def _joined(firsts: str, second: str) -> tuple[str, ...]:
    """`first` and `second` as one word, and with `_` or `-` between them."""
    return tuple(f"{first}{joint}{second}" for first, joint in product(firsts.split(), ("", *"_-")))


SHAPES: tuple[TokenShape, ...] = (
    TokenShape(
        "private-key",
        "PRIVATE KEY",
        r"(?P<s>-----BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY(?: BLOCK)?-----(?:\\n|[\s#*>|;])*"
        r"(?:(?:Proc-Type|DEK-Info|Comment|Version)[^\n\\]{0,200}(?:\\n|\s){1,4}){0,4}"
        r"[A-Za-z0-9+/=\s\\\"',:#*>|;]{24,}(?:" + _KEY_END + ")?)",
    ),
    _token("anthropic-key", "sk-ant-", r"sk-ant-[A-Za-z0-9_\-]{16,}"),
    _token("openai-key", "sk-", r"sk-(?!ant-)(?=[A-Za-z_\-]{0,60}[0-9])[A-Za-z0-9_\-]{20,}"),
    _token(
        "github-token",
        "gh",
        r"gh[pousr]_[A-Za-z0-9]{20,}",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    ),
    _token("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _token("gitlab-token", "glpat-", r"glpat-[A-Za-z0-9_\-]{20,}"),
    _token("aws-key-id", "A", r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])", ("akia", "asia")),
    _token("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
    _token("google-key", "AIza", r"AIza[A-Za-z0-9_\-]{35}"),
    _token("slack-token", "xox", r"xox[abeoprs]-[A-Za-z0-9\-]{10,}"),
    _token("stripe-key", "k_live_", r"[sr]k_live_[A-Za-z0-9]{16,}"),
    _token("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _token("pypi-token", "pypi-", r"pypi-[A-Za-z0-9_\-]{50,}"),
    _token("jwt", "eyJ", r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}"),
    _around("wandb-key", "WANDB_API_KEY", rf"WANDB_API_KEY{_GIVEN}['\"]?(?P<s>[0-9a-f]{{40}})"),
    _around(
        "url-password",
        "://",
        r"://[^\s/:@'\"\[\]{}<>$]{0,64}:(?P<s>[^\s/@'\"\[\]{}<>$]{4,128})@",
    ),
    _around(
        "bearer",
        "earer ",
        r"(?<![A-Za-z])[Bb]earer\s{1,4}(?P<s>(?=[^\s'\"]{0,200}[0-9])[A-Za-z0-9_\-.~+/]{20,}=*)",
    ),
    _around(
        "aws-secret",
        "",
        rf"(?i:aws_?secret_?access_?key){_GIVEN}['\"]?(?P<s>[A-Za-z0-9/+]{{40}})(?![A-Za-z0-9/+])",
        ("awssecret", "aws_secret"),
    ),
    _around(
        "assigned-secret",
        "",
        rf"{_NAME}{_GIVEN}(?P<q>['\"])(?P<s>(?=[^'\"\s]{{0,200}}[0-9])"
        r"(?=[^'\"\s]{0,200}[A-Za-z])[^'\"\s\\]{8,200})\\{0,8}(?P=q)",
        (
            *("password", "passwd", "passphrase", "secret"),
            *_joined("api access private", "key"),
            *_joined("access auth api bot", "token"),
        ),
    ),
)
