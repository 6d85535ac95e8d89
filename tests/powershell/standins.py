"""Stand-ins of the Az modules: PowerShell itself binds their parameters, small bodies send what the real ones send.

    python -c "import powershell.standins as s; s.write(Path('/tmp/modules'))"    (below tests/)
    PSModulePath=/tmp/modules pwsh -NoProfile -File block.ps1

The parameter blocks are made from data/powershell-reference.json: names, aliases, types, mandatory ones, positions, pipeline input,
switches, value sets, default set, ShouldProcess. The bodies are the functions in bodies/, which have no parameters there; a cmdlet
that has no body yet binds, and says so when it is called. A module that PSModulePath already has is left out: the real one is used.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from .reference import TABLE, Parameter, parameters

BODIES = Path(__file__).parent / "bodies"
# What a binary cmdlet sees of its caller, and a function of a script module does not (about_Preference_Variables).
INHERITED = {
    "ErrorAction": "ErrorActionPreference",
    "InformationAction": "InformationPreference",
    "WarningAction": "WarningPreference",
}
INHERIT = "".join(
    f"        if (-not $PSBoundParameters.ContainsKey('{parameter}')) {{ ${name} = $PSCmdlet.GetVariableValue('{name}') }}\n"
    for parameter, name in INHERITED.items()
)
# An error is reported where the cmdlet was called and stops nothing by itself (AzurePSCmdlet.cs of azure-powershell-common).
REPORT = """        $failed = $null
        $result = try {{
{0}        }} catch {{ $failed = $_ }}
        if (-not $failed) {{ return $result }}
        $category = $failed.CategoryInfo.Category
        $PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new($failed.Exception, 'StandIn', $category, $null))
"""


class Refused(Exception):
    """A reference, body or module that cannot be used; the text says in one line what to do."""


def write(folder: Path, places: Iterable[Path] | None = None) -> None:
    """Make the module folders below `folder`, without those that `places` has (default: what PSModulePath names)."""
    for module, cmdlets in known().items():
        if not real(module, real_places() if places is None else places):
            (made := folder / module).mkdir(parents=True)
            (made / f"{module}.psm1").write_text(script(module, cmdlets), "utf-8")
            (made / f"{module}.psd1").write_text(manifest(module, cmdlets), "utf-8")


def real_places() -> list[Path]:
    return [Path(place) for place in os.environ.get("PSModulePath", "").split(os.pathsep) if place]  # noqa: SIM112


def real(module: str, places: Iterable[Path]) -> bool:
    """Whether a module is installed. Refused when its folder has no manifest: PowerShell would go on and find nothing."""
    for folder in (place / module for place in places if (place / module).is_dir()):
        if not any(folder.rglob(f"{module}.psd1")):
            raise Refused(f"{folder} has no {module}.psd1 → install the module again, or take it out of PSModulePath")
        return True
    return False


def known() -> dict[str, dict[str, dict]]:
    """Az module -> cmdlet -> its entry in the reference."""
    cmdlets, modules = json.loads(TABLE.read_text("utf-8"))["cmdlets"], {}
    for name, entry in cmdlets.items():
        entry = cmdlets[entry["alias_of"]] if "alias_of" in entry else entry
        if entry["module"].startswith("Az."):
            modules.setdefault(entry["module"], {})[name] = entry
    return modules


def manifest(module: str, cmdlets: dict[str, dict]) -> str:
    """The module's .psd1. It names every function, so that PowerShell finds a cmdlet without loading the module."""
    needs = "" if module == "Az.Accounts" else "    RequiredModules = 'Az.Accounts'\n"
    version = next((e["version"] for e in cmdlets.values() if "seen" not in e and e["version"][0].isdigit()), "0.0.1")
    names = ", ".join(f"'{name}'" for name in cmdlets)
    return (
        f"@{{\n    RootModule = '{module}.psm1'\n    ModuleVersion = '{version}'\n{needs}"
        f"    FunctionsToExport = {names}\n    CmdletsToExport = @()\n    AliasesToExport = @()\n"
        f"    PrivateData = @{{ PSData = @{{ Tags = 'stand-in' }} }}\n}}\n"
    )


def script(module: str, cmdlets: dict[str, dict]) -> str:
    """The module's .psm1: the text of bodies/ with parameter blocks, then the cmdlets that have no body."""
    file, bodies = BODIES / f"{module}.psm1", {}

    def with_parameters(found: re.Match[str]) -> str:
        name, body = found.groups()
        if name not in cmdlets:
            raise Refused(f"{file.name}: the reference has no {name} → add it to {TABLE.name}, or rename the function")
        bodies[name] = body
        return function(name, cmdlets[name], body)

    text = re.sub(
        r"(?ms)^function (\w+-Az\w+) \{\n(.*?)^\}", with_parameters, file.read_text("utf-8") if file.exists() else ""
    )
    missing = "    throw [NotImplementedException] 'The stand-in of {0} has no body → write one in bodies/{1}'\n"
    rest = [function(n, e, missing.format(n, file.name)) for n, e in cmdlets.items() if n not in bodies]
    return "\n\n".join([text, *rest]) + "\n"


def function(name: str, entry: dict, body: str) -> str:
    """A cmdlet as a function: its parameters, then the body, which runs once for each object in the pipeline."""
    binding = [f"DefaultParameterSetName = '{entry['default']}'"] if "default" in entry else []
    binding += ["SupportsShouldProcess"] if entry.get("should_process") else []
    inherit = "" if entry.get("generated") else f"    begin {{\n{INHERIT}    }}\n"
    block = ",\n".join(declarations(entry))
    return (
        f"function {name} {{\n    [CmdletBinding({', '.join([*binding, 'PositionalBinding = $false'])})]\n"
        f"    param(\n{block}\n    )\n{inherit}    process {{\n{REPORT.format(body)}    }}\n}}"
    )


def declarations(entry: dict) -> list[str]:
    """Each parameter of a cmdlet as it stands in a param block."""
    uses: dict[str, list[tuple[str, Parameter]]] = {}
    for name, notation in entry["sets"].items():
        for parameter in parameters(notation):
            uses.setdefault(parameter.name, []).append((name, parameter))
    return [f"        {declaration(name, entry, sets)}" for name, sets in uses.items()]


def declaration(name: str, entry: dict, sets: list[tuple[str, Parameter]]) -> str:
    aliases = [alias for alias, of in entry.get("aliases", {}).items() if of == name]
    values = entry.get("values", {}).get(name, "").split()
    parts = [attribute(in_set, parameter) for in_set, parameter in sets]
    parts += [f"[Alias({quoted(aliases)})]"] if aliases else []
    parts += [f"[ValidateSet({quoted(values)})]"] if values else []
    return " ".join([*parts, kind(name, entry), f"${name}"])


def attribute(in_set: str, parameter: Parameter) -> str:
    given = [f"ParameterSetName = '{in_set}'"] if in_set != "__AllParameterSets" else []
    given += ["Mandatory"] if parameter.mandatory else []
    given += [f"Position = {parameter.order}"] if parameter.order else []
    given += ["ValueFromPipeline"] if "<" in parameter.piped else []
    given += ["ValueFromPipelineByPropertyName"] if "." in parameter.piped else []
    return f"[Parameter({', '.join(given)})]"


def kind(name: str, entry: dict) -> str:
    """The type as PowerShell writes it; an object of the modules' own is known by the name that it carries."""
    if name in entry.get("switches", "").split():
        return "[switch]"
    listed = [of for of, names in entry.get("types", {}).items() if name in names.split()]
    found = listed[0] if listed else "String" if "types" in entry else "object"
    if found.startswith("Microsoft."):
        return f"[PSTypeName('{found}')]"
    return f"[{found.replace('`2', '')}]"


def quoted(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
