"""Settings: how one run is to be done, as plain data that its record keeps and resume reads."""

from __future__ import annotations

from pydantic import BaseModel, Field

from ohgw_agent.budget import Budget
from ohgw_tools.frozen import FROZEN


class ModelSettings(BaseModel):
    """Which chat model is asked, and how. The key is never here: it comes from the environment, by
    the name `key_from`.

    `timeout` in seconds for one call; prices in US dollars for a million tokens (in, out).
    """

    model_config = FROZEN

    model: str
    base_url: str | None = None
    temperature: float | None = None
    seed: int | None = None
    timeout: float = Field(default=120, gt=0)
    max_tries: int = Field(default=4, ge=1)
    stream: bool = True
    price: tuple[float, float] | None = None
    key_from: str = "OPENAI_API_KEY"


class OtelSettings(BaseModel):
    """Sending spans to an OpenTelemetry collector (OTLP over HTTP) while a run goes on. `endpoint`
    is its address, None for what the `OTEL_*` variables say; `content` sends what prompts and
    answers say too, less the secrets in them.
    """

    model_config = FROZEN

    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/]")
    content: bool = False


class Settings(BaseModel):
    """How a run is done. `sandbox` is a backend's name, `auto` or `none`; `review` None asks for a
    review where there is a model. `python` is an interpreter to use, and to build nothing.
    `data` are directories that it may read, `NAME=DIRECTORY`.
    `allow_hosts` are the only hosts that the sandboxed program may reach. `candidates` patches are
    asked for at once, of `proposing` and `also_proposing` in turn.
    """

    model_config = FROZEN

    contract: str = "base-derived"
    contract_text: str | None = None
    sandbox: str = "auto"
    static_only: bool = False
    review: bool | None = None
    proposer: str = "auto"
    proposing: ModelSettings | None = None
    reviewing: ModelSettings | None = None
    candidates: int = Field(default=1, ge=1, le=16)
    also_proposing: tuple[ModelSettings, ...] = ()
    budget: Budget = Budget()
    python: str | None = None
    installer: str = "auto"
    constraints: tuple[str, ...] = ()
    index: str | None = None
    allow_build: tuple[str, ...] = ()
    allow_packages: tuple[str, ...] = ()
    cache_dir: str | None = None
    allow_hosts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    observe: bool = True
    deep: bool = False
    repeat: int = Field(default=1, ge=1, le=20)
    label: str = ""
    otel: OtelSettings | None = None
