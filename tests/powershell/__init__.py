"""Check PowerShell text where no PowerShell can run it (what the pages call "checked").

`check` holds every command against Microsoft's published reference, reduced in
data/powershell-reference.json. `paste_safe` adds what counts when a reader pastes the text into a
live shell. Both return messages `file:line: found → write`; an empty list is a pass. `versions` tells
which version of each module the reference is for.
"""

from .commands import check
from .paste import paste_safe
from .reference import versions

__all__ = ["check", "paste_safe", "versions"]
