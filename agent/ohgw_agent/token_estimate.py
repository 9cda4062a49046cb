"""Counting tokens without a tokenizer: a close guess for reports, an upper one for caps.

Text is cut as byte-pair tokenizers cut it before merging (words, numbers, marks, blanks); each
piece is then counted by its length. `bench/chat/tokens.py` compares both with real tokenizers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_PIECE = re.compile(r" ?[A-Za-z]+| ?\d+| ?[^\sA-Za-z\d]+|\s+")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_CHANGE = re.compile(r"[a-z][A-Z]|[A-Z][a-z]")
_HARD = re.compile(r"[^aeiouyAEIOUY]{5}")

PER_MESSAGE = 8
PER_CALL = 16


def estimate(text: str) -> int:
    """Return a close guess of the number of tokens in `text`."""
    return sum(_count(piece) for piece in _PIECE.findall(text))


def upper_bound(texts: Iterable[str]) -> int:
    """Return a count that no tokenizer measured passes for a call with these messages: digits,
    marks and the bytes of other alphabets singly, words that no language has by letters, and what a
    chat template adds.
    """
    total = PER_CALL
    for text in texts:
        pieces = Counter(_PIECE.findall(text))  # code says the same words many times
        total += PER_MESSAGE + sum(_most(piece) * n for piece, n in pieces.items())
    return total


def _most(piece: str) -> int:
    word = piece.strip()
    if not word:
        return min(len(piece), 1 + piece.count("\n") + len(piece) // 4)
    if not word.isascii():
        return len(piece.encode(errors="surrogatepass"))
    if word[0].isalpha():
        return len(piece) if _odd(word) else min(len(word), 1 + len(word) // 3)
    return len(piece)


def _count(piece: str) -> int:
    word = piece.strip()
    if not word:
        return _blank(piece)
    if not word.isascii():
        return max(1, len(word.encode(errors="surrogatepass")) // 2)
    if word[0].isalpha():
        return _word(word)
    if word[0].isdigit():
        return (len(word) + 2) // 3 + (piece[0] == " ")
    return 1 + (len(word) - 1) // 3


def _blank(piece: str) -> int:
    return 1 + piece.count("\n") // 2 + len(piece) // 24


def _word(word: str) -> int:
    return 1 + len(word) * 2 // 3 if _odd(word) else 1 + (len(word) - 1) // 8


def _odd(word: str) -> bool:
    """Words that no language has (hashes, base64, consonants in a row) fall into short tokens, and
    so does every change of case within a word.
    """
    if len(word) > 24 or (len(word) > 4 and (_HARD.search(word) or not _VOWEL.search(word))):
        return True
    return len(_CHANGE.findall(word)) > 2
