"""PowerShell for the tests: `Judge` asks a started one what is wrong with a text, `standins` makes modules for it.

`versions` tells which version of each module the reference is for.
"""

from .judge import Findings, Judge
from .reference import versions

__all__ = ["Findings", "Judge", "versions"]
