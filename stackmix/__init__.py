"""New handwriting out of real handwriting: cut single letters, keep them in a library, stack them into any text.

    IAM | HKR | school notebooks -> samples -> aligner -> letters -> words and lines of any corpus -> samples

The rooms are `stackmix` (cut, keep, stack), `stackmix.blots`, `stackmix.datasets` and `stackmix.train`.
"""

from pathlib import Path

__version__ = "0.1.0"

# In a checkout blots/, datasets/ and train/ lie beside this folder, not in it: let `stackmix.train` find them there.
_beside = Path(__file__).resolve().parent.parent
if (_beside / "pyproject.toml").is_file() and str(_beside) not in __path__:
    __path__.append(str(_beside))
