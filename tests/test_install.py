"""What installs a module, run by PowerShell's own PowerShellGet from a gallery that is a folder here."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pipelines
import pytest
from conftest import missing
from emulator.harness import Reader, az_modules
from emulator.transport import Proxy
from grades import how, record
from powershell import standins
from programs import find, lacking
from scenarios import SNIPPETS

# Where PowerShellGet keeps the galleries that it knows; what Register-PSRepository writes.
GALLERY = """<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj RefId="0">
<TN RefId="0"><T>System.Collections.Specialized.OrderedDictionary</T><T>System.Object</T></TN><DCT><En>
<S N="Key">PSGallery</S><Obj N="Value" RefId="1"><TN RefId="1"><T>Microsoft.PowerShell.Commands.PSRepository</T>
<T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN><MS><S N="Name">PSGallery</S>
<S N="SourceLocation">{0}</S><S N="PublishLocation">{0}</S><S N="ScriptSourceLocation">{0}</S><S N="ScriptPublishLocation">{0}</S>
<B N="Trusted">false</B><B N="Registered">true</B><S N="InstallationPolicy">Untrusted</S>
<S N="PackageManagementProvider">NuGet</S><Obj N="ProviderOptions" RefId="2"><TN RefId="2"><T>System.Collections.Hashtable</T>
<T>System.Object</T></TN><DCT /></Obj></MS></Obj></En></DCT></Obj></Objs>"""
NUSPEC = """<?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2011/08/nuspec.xsd"><metadata>
<id>{0}</id><version>{1}</version><authors>this site</authors><description>A stand-in.</description>
<tags>PSModule</tags></metadata></package>"""


def publish(folder: Path, module: str, version: str) -> None:
    """Put a stand-in into the gallery as a package; without the modules that it needs, which are published here alone."""
    with zipfile.ZipFile(folder / f"{module}.{version}.nupkg", "w") as package:
        package.writestr(f"{module}.nuspec", NUSPEC.format(module, version))
        for file in (az_modules() / module).iterdir():
            package.writestr(file.name, file.read_text("utf-8").replace("RequiredModules = 'Az.Accounts'", ""))


@pytest.fixture(name="reader")
def _reader(proxy: Proxy, world, tmp_path: Path) -> Reader:
    """A reader whose PSGallery is a folder with two of our modules."""
    if not find("pwsh"):
        missing(lacking("pwsh"))
    if not (az_modules() / "Az.Accounts").is_dir():
        missing("the published Az modules are in PSModulePath → take them out to install stand-ins")
    reader = Reader(proxy, tmp_path / "home")
    (gallery := tmp_path / "gallery").mkdir()
    for module in ("Az.Accounts", "Az.ManagementPartner"):
        publish(gallery, module, next(e["version"] for e in standins.known()[module].values() if "seen" not in e))
    known = reader.home / ".cache/powershell/PowerShellGet/PSRepositories.xml"
    known.parent.mkdir(parents=True)
    known.write_text(GALLERY.format(gallery), encoding="utf-8")
    return reader


def test_install_puts_the_module_where_powershell_finds_it(reader: Reader, request: pytest.FixtureRequest) -> None:
    """The block of the page, then the line that the pipelines have for Az.Accounts."""
    record(request, file := SNIPPETS / "users/install.ps1", *how(file))
    lines = {
        line.strip()
        for pipeline in SNIPPETS.glob("cicd/*-powershell.yml")
        for script in pipelines.scripts(pipeline)["powershell"]
        for line in script.splitlines()
        if line.startswith("Install-Module")
    }
    (version,) = re.findall(r'-RequiredVersion "([\d.]+)"', " ".join(lines))
    block = reader.work / "block.ps1"
    block.write_text("\n".join(["$ErrorActionPreference = 'Stop'", file.read_text("utf-8"), *lines]), encoding="utf-8")
    done = reader.command("pwsh", "-NoProfile", "-NonInteractive", "-File", "block.ps1")
    assert done.code == 0, done.output
    installed = reader.home / ".local/share/powershell/Modules"
    assert {folder.name for folder in installed.iterdir()} == {"Az.Accounts", "Az.ManagementPartner"}
    assert (installed / f"Az.Accounts/{version}/Az.Accounts.psd1").is_file()
    assert not done.exchanges
