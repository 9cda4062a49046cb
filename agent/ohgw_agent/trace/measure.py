"""Measure: times and money in words."""

from __future__ import annotations


def duration(ms: int) -> str:
    """Milliseconds for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if ms < 10_000:
        return f"{ms / 1000:.1f} s"
    seconds = ms // 1000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    minutes = seconds % 3600 // 60
    return f"{seconds // 3600} h {minutes} min" if minutes else f"{seconds // 3600} h"


def money(micro_usd: int) -> str:
    """Millionths of a US dollar for people: `$0.0123`."""
    return f"${micro_usd / 1_000_000:.4f}" if micro_usd else "$0"


def counted(number: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
