"""Put the check of offers into one file for readers, docs/lighthouse/check-offer.pyz, and its SHA-256 on the page beside it.

    python tests/offer_pyz.py

The same sources give the same bytes on every machine: fixed times, sorted, not compressed.
https://docs.python.org/3/library/zipapp.html
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

TESTS = Path(__file__).parent
FILE = TESTS.parent / "docs/lighthouse/check-offer.pyz"
PAGE = TESTS.parent / "docs/lighthouse/onboard.md"
MODULES = (
    "arm_functions",
    "arm_resources",
    "arm_template",
    "offer_file",
    "offer_report",
    "offer_rules",
    "offer_schema",
    "template_rules",
)
SOURCES = {
    "__main__.py": "offers.py",
    "data/roles.json": "data/roles.json",
    **{f"{name}.py": f"{name}.py" for name in MODULES},
}
SUM = re.compile(r"(?<=SHA-256 is `)[0-9a-f]*(?=`)")


def packed() -> bytes:
    """The file: a zip archive that Python runs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, source in sorted(SOURCES.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, (TESTS / source).read_bytes())
    return b"#!/usr/bin/env python3\n" + content.getvalue()


if __name__ == "__main__":
    FILE.write_bytes(packed())
    text = SUM.sub(hashlib.sha256(packed()).hexdigest(), PAGE.read_text("utf-8"))
    PAGE.write_text(text, "utf-8", newline="\n")
