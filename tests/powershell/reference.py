"""What Microsoft's reference says of each cmdlet, read from data/powershell-reference.json."""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).parents[1] / "data" / "powershell-reference.json"


class Parameter(NamedTuple):
    """One parameter as one parameter set has it; `piped` and `order` as the table writes them, empty for none."""

    name: str
    mandatory: bool
    piped: str
    order: str


@cache
def versions() -> dict[str, str]:
    """Return each module with the version that the table describes."""
    cmdlets = json.loads(TABLE.read_text("utf-8"))["cmdlets"].values()
    return {entry["module"]: entry["version"] for entry in cmdlets if "module" in entry and "seen" not in entry}


def parameters(notation: str) -> list[Parameter]:
    """Read one parameter set in the table's notation."""
    found = re.findall(r"(\w+)(!?)([<.]*)(?:@(\d+))?", notation)
    return [Parameter(name, bool(must), pipe, order) for name, must, pipe, order in found]
