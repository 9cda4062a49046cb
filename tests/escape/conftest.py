"""The adversaries run over the same sandboxes as the conformance suite."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "sandbox"))
