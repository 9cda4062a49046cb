"""A config-concrete interpreter: it runs a bundle's programs abstractly, and never for real.

`interpret(subject)` runs main, train and evaluate over their syntax trees with the real values of
the configuration files and the real command lines; everything of third parties is unknown. What it
reports is certain: an exception is one that every modelled path reaches. The domain is that of
constants and containers of constants, with joins at branches of unknown condition.
"""

from ohgw_tools.interpreter.interpretation import (
    CertainException,
    Comparison,
    ConfigUse,
    Frame,
    Interpretation,
    Launch,
)
from ohgw_tools.interpreter.programs import interpret

__all__ = [
    "CertainException",
    "Comparison",
    "ConfigUse",
    "Frame",
    "Interpretation",
    "Launch",
    "interpret",
]
