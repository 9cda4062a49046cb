"""Which distribution provides a module, and what comes along with a distribution.

Only modules whose name differs from their distribution's are listed, with every distribution that
provides them. `ALONG` names what a distribution depends on, so that an import that is not declared
may work all the same; it is no promise, so such imports stay worth a warning.
"""

from __future__ import annotations

import re
import sys

PROVIDERS: dict[str, tuple[str, ...]] = {
    "Bio": ("biopython",),
    "Levenshtein": ("levenshtein", "python-levenshtein"),
    "OpenGL": ("pyopengl",),
    "PIL": ("pillow", "pillow-simd"),
    "attr": ("attrs",),
    "av": ("av",),
    "bs4": ("beautifulsoup4",),
    "cleanfid": ("clean-fid",),
    "clip": ("clip", "openai-clip", "clip-anytorch"),
    "cv2": (
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "dateutil": ("python-dateutil",),
    "dgl": ("dgl",),
    "dotenv": ("python-dotenv",),
    "faiss": ("faiss-cpu", "faiss-gpu"),
    "fitz": ("pymupdf",),
    "git": ("gitpython",),
    "google": (),
    "gym": ("gym",),
    "hydra": ("hydra-core",),
    "igraph": ("igraph", "python-igraph"),
    "jose": ("python-jose",),
    "jwt": ("pyjwt",),
    "lightning": ("lightning",),
    "mpl_toolkits": ("matplotlib",),
    "mujoco_py": ("mujoco-py",),
    "open_clip": ("open-clip-torch",),
    "opacus": ("opacus",),
    "pkg_resources": ("setuptools",),
    "pylab": ("matplotlib",),
    "pynvml": ("nvidia-ml-py", "pynvml", "nvidia-ml-py3"),
    "pytorch_fid": ("pytorch-fid",),
    "pytorch_lightning": ("pytorch-lightning", "lightning"),
    "ruamel": ("ruamel-yaml",),
    "serial": ("pyserial",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "sklearn_extra": ("scikit-learn-extra",),
    "skopt": ("scikit-optimize",),
    "stable_baselines3": ("stable-baselines3",),
    "tensorboardX": ("tensorboardx",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tf-nightly"),
    "torch_fidelity": ("torch-fidelity",),
    "torch_geometric": ("torch-geometric",),
    "umap": ("umap-learn",),
    "yaml": ("pyyaml",),
    "zmq": ("pyzmq",),
}

ALONG: dict[str, tuple[str, ...]] = {
    "accelerate": ("numpy", "packaging", "psutil", "pyyaml", "torch", "huggingface-hub"),
    "botorch": ("gpytorch", "linear-operator", "numpy", "scipy", "torch"),
    "datasets": (
        "fsspec",
        "huggingface-hub",
        "numpy",
        "packaging",
        "pandas",
        "pyarrow",
        "pyyaml",
        "requests",
        "tqdm",
    ),
    "diffusers": ("huggingface-hub", "numpy", "pillow", "requests", "safetensors"),
    "evaluate": ("datasets", "huggingface-hub", "numpy", "pandas", "requests", "tqdm"),
    "gpytorch": ("linear-operator", "numpy", "scikit-learn", "scipy"),
    "gymnasium": ("cloudpickle", "numpy"),
    "hydra-core": ("antlr4-python3-runtime", "omegaconf", "packaging", "pyyaml"),
    "matplotlib": ("numpy", "packaging", "pillow", "python-dateutil"),
    "omegaconf": ("antlr4-python3-runtime", "pyyaml"),
    "optuna": ("numpy", "packaging", "pyyaml", "sqlalchemy", "tqdm"),
    "pandas": ("numpy", "python-dateutil", "pytz"),
    "peft": (
        "accelerate",
        "huggingface-hub",
        "numpy",
        "packaging",
        "psutil",
        "pyyaml",
        "safetensors",
        "torch",
        "tqdm",
        "transformers",
    ),
    "pytorch-lightning": ("numpy", "packaging", "pyyaml", "torch", "torchmetrics", "tqdm"),
    "scikit-learn": ("joblib", "numpy", "scipy", "threadpoolctl"),
    "scipy": ("numpy",),
    "seaborn": ("matplotlib", "numpy", "pandas"),
    "sentence-transformers": ("huggingface-hub", "scikit-learn", "torch", "tqdm", "transformers"),
    "statsmodels": ("numpy", "packaging", "pandas", "patsy", "scipy"),
    "timm": ("huggingface-hub", "pyyaml", "safetensors", "torch", "torchvision"),
    "torch": ("filelock", "fsspec", "jinja2", "networkx", "sympy", "typing-extensions"),
    "torchaudio": ("torch",),
    "torchmetrics": ("numpy", "packaging", "torch"),
    "torchvision": ("numpy", "pillow", "torch"),
    "transformers": (
        "filelock",
        "huggingface-hub",
        "numpy",
        "packaging",
        "pyyaml",
        "regex",
        "requests",
        "safetensors",
        "tokenizers",
        "tqdm",
    ),
    "wandb": ("gitpython", "psutil", "pyyaml", "requests"),
    "xgboost": ("numpy", "scipy"),
}


def normal(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def is_standard(module: str) -> bool:
    """Whether a top-level module comes with Python."""
    return module in sys.stdlib_module_names


def providers(module: str) -> frozenset[str]:
    """Return the distributions that provide a top-level module; empty where it is a namespace that
    many share.
    """
    if module in PROVIDERS:
        return frozenset(PROVIDERS[module])
    return frozenset({normal(module)})


def along_with(distributions: frozenset[str]) -> frozenset[str]:
    """Return what comes along with distributions, over any number of steps."""
    found: set[str] = set()
    stack = list(distributions)
    while stack:
        for name in ALONG.get(stack.pop(), ()):
            if name not in found:
                found.add(name)
                stack.append(name)
    return frozenset(found)
