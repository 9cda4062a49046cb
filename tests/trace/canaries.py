"""Secrets that are none: one of each kind, put together at run time so that no file holds them."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

_BODY = "Zq7Xw2Lm9Kd4Rt6Vb1Ny8Hc3Pf5Gs0Ja"

TOKENS = {
    "openai": "sk-" + "proj-" + _BODY + "T3BlbkFJ" + _BODY,
    "anthropic": "sk-" + "ant-api03-" + _BODY * 2,
    "github": "gh" + "p_" + _BODY + "abcd",
    "github-fine": "github" + "_pat_" + _BODY + "_" + _BODY,
    "gitlab": "gl" + "pat-" + _BODY,
    "aws-id": "AK" + "IA" + "Q4WERTY7UIOP2ASD",
    "huggingface": "hf" + "_" + _BODY + "xy",
    "google": "AI" + "za" + _BODY + "abc",
    "slack": "xox" + "b-1234567890-" + _BODY,
    "stripe": "sk" + "_live_" + _BODY,
    "npm": "npm" + "_" + _BODY + "abcd",
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0." + _BODY,
    "pem": "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE" + _BODY + "\n" + _BODY
    + "\n-----END RSA PRIVATE" + " KEY-----",
}  # fmt: skip

ENVIRONMENT = {
    "OPENAI_API_KEY": "plain-looking value/with+odd:chars " + _BODY[::-1],
    "DATABASE_PASSWORD": 'pass"word\\with\nquotes-9',
    "AWS_SECRET_ACCESS_KEY": "wJalr/XUtnFEMI+K7MDENG" + _BODY[:18],
}

# In a line of text, with the secret that must go out of it.
CONTEXTS = {
    "url": ("postgres://admin:{}@db.example/x", "s3cr3tPassw0rd"),
    "bearer": ("Authorization: Bearer {}", "abcDEF123456" + _BODY),
    "assigned": ("client_secret = '{}'", "Abc123-" + _BODY[:12]),
    "yaml": ('api_key: "{}"', _BODY),
    "json": ('{{"password": "{}"}}', "hunter22hunter"),
}


def forms(secret: str) -> list[bytes]:
    """The forms in which a secret may not be found anywhere: as it is and encoded."""
    raw = secret.encode()
    found = [raw, raw.hex().encode(), quote(raw, safe="").encode(), repr(secret)[1:-1].encode()]
    for words in (secret, repr(secret)[1:-1]):
        once = json.dumps(words)[1:-1]
        found += [once.encode(), json.dumps(once)[1:-1].encode(), html.escape(words).encode()]
    for pad in (b"", b"u:", b"us:"):
        encoded = base64.b64encode(pad + raw)
        found.append(encoded[4 if pad else 0 : len(encoded) // 4 * 4 - 4])
    return found


def all_secrets() -> list[str]:
    return [*TOKENS.values(), *ENVIRONMENT.values(), *(secret for _, secret in CONTEXTS.values())]


def everything() -> str:
    """A text with every secret in it, some of them encoded."""
    lines = [f"# {name}: {token}" for name, token in TOKENS.items()]
    lines += [template.format(secret) for template, secret in CONTEXTS.values()]
    for name, value in ENVIRONMENT.items():
        raw = value.encode()
        lines += [value, quote(raw, safe=""), raw.hex(), repr(value)]
        lines += [base64.b64encode(pad + raw).decode() for pad in (b"", b"u:", b"us:")]
        lines.append(f"curl -u {name}")
    return "\n".join(lines) + "\n"
