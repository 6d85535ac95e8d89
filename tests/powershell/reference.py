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


class Cmdlet(NamedTuple):
    """A cmdlet with its common parameters; `names` and `aliases` are keyed in lower case, `generated` is as the table says."""

    name: str
    sets: list[list[Parameter]]
    names: dict[str, str]
    aliases: dict[str, str]
    switches: set[str]
    values: dict[str, str]
    common: set[str]
    generated: bool


@cache
def reference() -> tuple[dict[str, Cmdlet], dict[str, str]]:
    """Return the known cmdlets and the short aliases (about_Aliases), keyed in lower case."""
    data, known = json.loads(TABLE.read_text("utf-8")), {}
    for name, entry in data["cmdlets"].items():
        entry = data["cmdlets"][entry["alias_of"]] if "alias_of" in entry else entry
        risk = [data["risk_parameters"]] if entry.get("should_process") else []
        known[name.lower()] = _cmdlet(name, entry, [data["common_parameters"], *risk])
    return known, data["command_aliases"]


@cache
def versions() -> dict[str, str]:
    """Return each module with the version that the table describes."""
    cmdlets = json.loads(TABLE.read_text("utf-8"))["cmdlets"].values()
    return {entry["module"]: entry["version"] for entry in cmdlets if "module" in entry and "seen" not in entry}


def _cmdlet(name: str, entry: dict, shared: list[dict]) -> Cmdlet:
    parts = [entry, *shared]
    sets = [parameters(notation) for notation in entry["sets"].values()]
    common = {n for part in shared for notation in part["sets"].values() for n in notation.split()}
    names = [p.name for one in sets for p in one] + sorted(common)
    aliases = {a.lower(): n for part in parts for a, n in part.get("aliases", {}).items()}
    switches = {n for part in parts for n in part.get("switches", "").split()}
    values = {n: v for part in parts for n, v in part.get("values", {}).items()}
    return Cmdlet(name, sets, {n.lower(): n for n in names}, aliases, switches, values, common, "generated" in entry)


def parameters(notation: str) -> list[Parameter]:
    """Read one parameter set in the table's notation."""
    found = re.findall(r"(\w+)(!?)([<.]*)(?:@(\d+))?", notation)
    return [Parameter(name, bool(must), pipe, order) for name, must, pipe, order in found]
