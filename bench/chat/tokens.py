"""How near the offline token counts come to real tokenizers.

    pip install bpe-openai     # o200k_base, the tokenizer of gpt-4o and later models
    python bench/chat/tokens.py [--server http://127.0.0.1:PORT]    # of a llama.cpp server as well

Prints, for each kind of text: real tokens, the close guess and the upper bound as ratios to the
real count, and characters / 4, the usual rule, beside them. A ratio of the upper bound below 1
would let a cap be passed.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import random
import urllib.request
from pathlib import Path

from ohgw_agent.token_estimate import PER_CALL, PER_MESSAGE, estimate, upper_bound
from ohgw_tools.bundles.bundle_file import load

ROOT = Path(__file__).parents[2]


def corpora() -> dict[str, str]:
    """Texts of the kinds that prompts hold, some of them hard for any estimate."""
    chance = random.Random(7)
    seed = load(ROOT / "tests/bundles/seed/exp-2.bundle.json")
    numbers = [[round(chance.gauss(0, 1), 6) for _ in range(8)] for _ in range(120)]
    words = ["".join(chance.choice("bcdfghjklmnpqrstvwxz") for _ in range(7)) for _ in range(400)]
    return {
        "python": "\n".join(t for p, t in seed.derived.items() if p.endswith(".py")),
        "yaml": "\n".join(t for p, t in seed.derived.items() if p.endswith(".yaml")),
        "prose": seed.experiment.description,
        "numeric json": json.dumps(numbers),
        "indented json": json.dumps(numbers, indent=2),
        "hashes": "\n".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(60)),
        "base64": base64.b64encode(bytes(chance.randrange(256) for _ in range(3000))).decode(),
        "consonants": " ".join(words),
        "japanese": "損失関数の勾配を計算し、学習率を更新する。" * 40,
        "russian": "Обучение модели без градиентов гиперпараметров. " * 40,
        "emoji": "🧪📉🤖✅ " * 150,
        "blank lines": "x = 1\n" + "\n" * 400 + " " * 2000,
        "punctuation": "".join(chance.choice("{}[]()<>:;,.=+-*/#$%&|!?~^'\"") for _ in range(2000)),
    }


def o200k():
    """The tokenizer of recent OpenAI models, or None where the package is not installed."""
    try:
        import bpe_openai
    except ImportError:
        return None
    encoding = bpe_openai.get_encoding("o200k_base")
    return lambda text: len(encoding.encode(text))


def served(address: str):
    """A llama.cpp server's tokenizer."""

    def count(text: str) -> int:
        body = json.dumps({"content": text}).encode()
        head = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}/tokenize", body, head)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return len(json.load(answer)["tokens"])

    return count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--server", help="address of a llama.cpp server, without /v1")
    address = parser.parse_args().server
    counters = {"o200k": o200k(), "served": served(address) if address else None}
    if not any(counters.values()):
        raise SystemExit("nothing to compare with: pip install bpe-openai, or give --server")
    overhead = PER_CALL + PER_MESSAGE
    print(f"{'text':14} {'tokenizer':9} {'real':>7} {'guess':>6} {'bound':>6} {'chars/4':>8}")
    lowest = 9.9
    for name, text in corpora().items():
        for label, count in counters.items():
            if count is None:
                continue
            real = count(text)
            bound = (upper_bound([text]) - overhead) / real
            lowest = min(lowest, bound)
            guess, rule = estimate(text) / real, len(text) / 4 / real
            print(f"{name:14} {label:9} {real:7} {guess:6.2f} {bound:6.2f} {rule:8.2f}")
    print(f"lowest ratio of the bound: {lowest:.2f}")


if __name__ == "__main__":
    main()
