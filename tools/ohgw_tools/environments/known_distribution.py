"""KnownDistribution: distributions that may be declared for an import without asking anybody.

A fixed list, kept short on purpose: a name that a model made up may be registered by a stranger.
"""

from __future__ import annotations

_NAMES = """
    accelerate albumentations beautifulsoup4 bitsandbytes botorch clean-fid cloudpickle datasets
    diffusers einops evaluate faiss-cpu fsspec gitpython gpytorch gymnasium h5py huggingface-hub
    hydra-core imageio jax joblib jsonlines keras kornia levenshtein lightgbm lightning lpips
    matplotlib networkx nltk numba numpy nvidia-ml-py omegaconf open-clip-torch
    opencv-python-headless optuna packaging pandas peft pillow plotly polars psutil pyarrow
    pydantic python-dateutil pytorch-lightning pyyaml ray regex requests rich rouge-score
    sacrebleu safetensors scikit-image scikit-learn scikit-optimize scipy seaborn
    sentence-transformers sentencepiece soundfile spacy statsmodels sympy tensorboard
    tensorboardx tensorflow thop tiktoken timm tokenizers torch torch-geometric torchaudio
    torchmetrics torchtext torchvision tqdm transformers triton trl typing-extensions umap-learn
    wandb xgboost
"""
KNOWN: frozenset[str] = frozenset(_NAMES.split())

# Where several distributions bring one module: the one that needs neither a GPU nor a display.
DEFAULT: dict[str, str] = {
    "PIL": "pillow",
    "Levenshtein": "levenshtein",
    "cv2": "opencv-python-headless",
    "faiss": "faiss-cpu",
    "pynvml": "nvidia-ml-py",
    "pytorch_lightning": "pytorch-lightning",
    "tensorflow": "tensorflow",
}
