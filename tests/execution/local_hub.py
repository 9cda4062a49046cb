"""A hub on this machine, over TLS with a certificate of its own: one dataset and one model.

As much of the Hub's HTTP interface as its libraries ask for (https://huggingface.co/docs/hub/api).
"""

import contextlib
import hashlib
import http.server
import json
import ssl
import subprocess
import threading
from urllib.parse import unquote, urlsplit

COMMIT = "c" * 40
# Not 127.0.0.1 and no name for it: programs in a sandbox look for those in the sandbox itself.
ADDRESS = "127.0.0.2"
REPOSITORIES = {
    "datasets/acme/letters": {
        "README.md": b"letters\n",
        "data/train.jsonl": b'{"text": "a"}\n{"text": "b"}\n{"text": "c"}\n',
    },
    "models/acme/tiny": {
        "config.json": b'{"model_type": "gpt2", "n_layer": 1, "n_embd": 8, "n_head": 2}',
        "model.safetensors": b"not read",
        "pytorch_model.bin": b"the same weights again",
        "flax_model.msgpack": b"and again",
    },
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        self.server.asked.append(f"{self.command} {self.path}")
        if parts[0] == "api":
            self._api(parts[1:], body)
        else:
            self._file(parts if parts[0] == "datasets" else ["models", *parts])

    do_HEAD = do_POST = do_GET  # noqa: N815 - names of the base class

    def _api(self, parts, body):
        name, files = self._repository(parts)
        rest = parts[3:]
        if files is None:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif not rest or rest[0] == "revision":
            siblings = [{"rfilename": path} for path in files]
            self._json({"id": name, "sha": COMMIT, "siblings": siblings, "private": False})
        elif rest[0] == "tree":
            every = "recursive=true" in self.path
            self._json(list(_listing(files, "/".join(rest[2:]), every)))
        elif rest[0] == "paths-info":
            paths = json.loads(body)["paths"]
            self._json([_entry(path, files[path]) for path in paths if path in files])
        else:
            self._answer(404, b"{}", {"X-Error-Code": "EntryNotFound"})

    def _file(self, parts):
        _, files = self._repository(parts)
        content = (files or {}).get("/".join(parts[5:]))
        if content is None:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            return
        digest = hashlib.sha256(content).hexdigest()
        self._answer(200, content, {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT})

    def _repository(self, parts):
        key = "/".join(parts[:3])
        return "/".join(parts[1:3]), REPOSITORIES.get(key)

    def _json(self, value):
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status, body, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _listing(files, below, every):
    """Files below a directory: all, or its own with its directories."""
    head = f"{below}/" if below else ""
    inside = {p: c for p, c in files.items() if p.startswith(head)}
    deeper = {p for p in inside if "/" in p.removeprefix(head) and not every}
    for folder in sorted({head + p.removeprefix(head).partition("/")[0] for p in deeper}):
        yield {"type": "directory", "path": folder, "oid": COMMIT}
    yield from (_entry(p, c) for p, c in inside.items() if p not in deeper)


def _entry(path, content):
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return {"type": "file", "path": path, "size": len(content), "oid": digest}


@contextlib.contextmanager
def local_hub(folder):
    """Serve until the end of the block; `folder` gets the certificate, by OpenSSL's hashed name."""
    key = folder.parent / "key.pem"
    certificate = folder / "hub.pem"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hub"
    place = ["-addext", f"subjectAltName=IP:{ADDRESS}", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", *make.split(), *place], check=True, capture_output=True)
    name = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", certificate],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    certificate.rename(folder / f"{name}.0")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.0", key)
    with http.server.ThreadingHTTPServer((ADDRESS, 0), Handler) as server:
        server.asked = []
        # A handshake is the affair of its connection's thread, not of the one that accepts.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
