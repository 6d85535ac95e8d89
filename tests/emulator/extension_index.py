"""aka.ms and the download host behind it: the index from which `az extension add` installs.

Serves one extension, the stand-in of tests/standin, packed as a wheel. Addresses and fields are those Azure CLI asks for (recorded).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from .arm import not_emulated
from .transport import Request, Response
from .world import World

STAND_IN = Path(__file__).parent.parent / "standin/managementpartner"
DOWNLOADS = "https://azcliextensionsync.blob.core.windows.net"
WHEEL = "managementpartner-1.0.0+standin-py3-none-any.whl"


def extension_index(world: World):
    """A host that answers for aka.ms and for the download host alike."""

    def answer(request: Request) -> Response:
        if request.path == "/azure-cli-extension-index-v1":
            return Response(302, None, {"Location": f"{DOWNLOADS}/index.json"})
        if request.path == "/index.json":
            return Response(200, index())
        if request.path == f"/{WHEEL}":
            return Response(200, wheel(), {"Content-Type": "application/octet-stream"})
        return not_emulated(request)

    return answer


def index() -> dict:
    entry = {
        "downloadUrl": f"{DOWNLOADS}/{WHEEL}",
        "filename": WHEEL,
        "sha256Digest": hashlib.sha256(wheel()).hexdigest(),
        "metadata": {"name": "managementpartner", "version": "1.0.0+standin", "azext.minCliCoreVersion": "2.60.0"},
    }
    return {"formatVersion": "1", "extensions": {"managementpartner": [entry]}}


def wheel() -> bytes:
    """The stand-in as a wheel: the folder zipped, plus the two files that every wheel has."""
    info = "managementpartner-1.0.0+standin.dist-info"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(STAND_IN.rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                archive.writestr(zipfile.ZipInfo(file.relative_to(STAND_IN).as_posix()), file.read_bytes())
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        for name, text in {"WHEEL": tags, "RECORD": ""}.items():
            archive.writestr(zipfile.ZipInfo(f"{info}/{name}"), text)
    return packed.getvalue()
