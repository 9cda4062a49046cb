"""Counting tokens without a tokenizer: a close guess for reports, an upper one for caps.

Text is cut as byte-pair tokenizers cut it before merging (words, numbers, marks, blanks); each
piece is then counted by its length. `bench/chat/tokens.py` compares both with real tokenizers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PIECE = re.compile(r" ?[A-Za-z]+| ?\d+| ?[^\sA-Za-z\d]+|\s+")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_HARD = re.compile(r"[^aeiouyAEIOUY]{5}")

MARGIN = 1.3
PER_MESSAGE = 8
PER_CALL = 16


def estimate(text: str) -> int:
    """Return a close guess of the number of tokens in `text`."""
    return sum(_count(piece) for piece in _PIECE.findall(text))


def upper_bound(texts: Iterable[str]) -> int:
    """Return a guess of the tokens of a call with these messages that is not passed in practice:
    the close guess with a margin, what a chat template adds, and never more than one token a byte
    (which byte-pair tokenizers cannot pass).
    """
    total = PER_CALL
    for text in texts:
        total += PER_MESSAGE + min(len(text.encode()), int(estimate(text) * MARGIN) + 1)
    return total


def _count(piece: str) -> int:
    word = piece.strip()
    if not word:
        return _blank(piece)
    if not word.isascii():
        return max(1, len(word.encode()) // 2)
    if word[0].isalpha():
        return _word(word)
    if word[0].isdigit():
        return (len(word) + 2) // 3 + (piece[0] == " ")
    return 1 + (len(word) - 1) // 3


def _blank(piece: str) -> int:
    return 1 + piece.count("\n") // 2 + len(piece) // 24


def _word(word: str) -> int:
    """Words that no language has (hashes, base64, consonants in a row) fall into short tokens."""
    if len(word) > 24 or (len(word) > 4 and (_HARD.search(word) or not _VOWEL.search(word))):
        return 1 + len(word) * 2 // 3
    return 1 + (len(word) - 1) // 8
