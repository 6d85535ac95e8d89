"""What PowerShell itself says of a text: its parser, and its binder with the real or stand-in modules. Nothing of the text is run.

PowerShell answers for syntax, commands, parameters, sets, positions, types and values. It does not mind an alias, a sign-in whose
failure stops nothing, or what Windows PowerShell 5.1 lacks: those rules are ours (about_Language_Keywords, about_Scopes,
about_Preference_Variables, about_Windows_PowerShell_5.1; Azure/azure-powershell issue 21688, Azure/autorest.powershell issue 846).
"""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from .reference import TABLE

# No telemetry, no look for a newer version, no sockets in /tmp, no colours.
QUIET = {
    "POWERSHELL_TELEMETRY_OPTOUT": "1",
    "POWERSHELL_UPDATECHECK": "Off",
    "DOTNET_EnableDiagnostics": "0",
    "NO_COLOR": "1",
}
SCRIPT = Path(__file__).with_name("judge.ps1")
PLACEHOLDER = re.compile(r"<[A-Za-z][\w .-]*>")
# What to write, by the name of the binder's error (FullyQualifiedErrorId). A wrong name gets the nearest right one.
CURES = {
    "AmbiguousParameterSet": "leave one out, or add what its parameter set asks for",
    "InputObjectNotBound": "pass it by a parameter",
    "MissingArgument": "put its value after it",
    "MissingMandatoryParameter": "give what is mandatory",
    "ParameterAlreadyBound": "give it once",
    "PositionalParameterNotFound": "leave it out, or name its parameter; a switch takes no value",
}
# Cmdlets that are not of Az -> their parameters that Windows PowerShell 5.1 has (MicrosoftDocs/PowerShell-Docs, reference/5.1), as far as
# the blocks use them; "" -> the common ones. Get-Item, Get-Content: about_FileSystem_Provider. Install-Module: PowerShellGet 1.0.
WINDOWS_POWERSHELL = {
    "": "Verbose Debug ErrorAction WarningAction InformationAction ErrorVariable WarningVariable OutVariable WhatIf Confirm",
    "ConvertFrom-Json": "InputObject",
    "ConvertTo-SecureString": "AsPlainText Force",
    "Format-List": "Property",
    "Format-Table": "Property",
    "Get-Content": "Path Raw",
    "Get-Date": "Date Format",
    "Get-Item": "Path",
    "Install-Module": "Name Repository Scope Force RequiredVersion",
    "New-Object": "TypeName ArgumentList",
    "Out-Null": "",
    "Read-Host": "Prompt AsSecureString",
    "Start-Sleep": "Seconds",
    "Where-Object": "Property Value EQ NE In Like",
    "Write-Output": "",
    "Write-Warning": "",
}


class Findings(NamedTuple):
    """`file:line: found → write` for all that is wrong; empty lists are a pass. A syntax error hides all else."""

    wrong: list[str]  # by PowerShell's parser and binder
    unsafe: list[str]  # to paste into a live shell
    newer: list[str]  # than Windows PowerShell 5.1


class Judge:
    """A started PowerShell, which is asked about one text after the other. `modules` are folders for PSModulePath, `home` is its own."""

    def __init__(self, pwsh: Path, modules: list[Path], home: Path) -> None:
        cmdlets = json.loads(TABLE.read_text("utf-8"))["cmdlets"]
        generated = " ".join(name for name, entry in cmdlets.items() if "generated" in entry)
        env = os.environ | QUIET | {"HOME": str(home), "PSModulePath": os.pathsep.join(map(str, modules))}
        command = [pwsh, "-NoProfile", "-NonInteractive", "-File", SCRIPT, generated, json.dumps(WINDOWS_POWERSHELL)]
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def __call__(self, text: str, name: str = "snippet", native: frozenset[str] = frozenset({"az"})) -> Findings:
        """Judge a text; `name` stands for its file, `native` are the programs that it may call. RuntimeError if PowerShell ended."""
        self.process.stdin.write(json.dumps({"text": text, "native": sorted(native)}) + "\n")
        self.process.stdin.flush()
        if not (answer := self.process.stdout.readline()):
            raise RuntimeError(f"PowerShell ended with {self.process.wait()} at {name} → read above what it said")
        findings = Findings([], [], [])
        kinds = {"syntax": findings.wrong, "binding": findings.wrong, "paste": findings.unsafe, "newer": findings.newer}
        for each in json.loads(answer):
            kinds[each["kind"]].append(f"{name}:{each['line']}: {each['found']} → {write(each)}")
        for number, line in enumerate(text.splitlines(), 1):
            for found in PLACEHOLDER.findall(line):
                findings.unsafe.append(
                    f"{name}:{number}: {found} is left to fill in → a quoted sample value that works"
                )
        return findings

    def close(self) -> None:
        self.process.communicate()


def write(finding: dict) -> str:
    """What is to be written instead."""
    if finding["wrong"]:
        near = difflib.get_close_matches(finding["wrong"], finding["candidates"], 1)
        mark = "-" if finding["write"] == "NamedParameterNotFound" else ""
        return f"{mark}{near[0]}" if near else f"one of: {' '.join(sorted(finding['candidates']))}"
    return CURES.get(finding["write"], finding["write"])
