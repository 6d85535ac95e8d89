"""The stand-in for Microsoft's `managementpartner` extension prints and exits as the published one does.

Expected output comes from runs of command definitions re-typed from the published 1.0.0 under Azure CLI 2.91.0; error texts inside it are
those of the emulator. `PAL_EXTENSION=published` holds Microsoft's own extension to the same expectations.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import AZ, need
from emulator import samples
from emulator.harness import ROOT, Reader, Result
from emulator.transport import Fault, Response
from emulator.world import World
from scenarios import ME

KEYS = ["createdTime", "etag", "id", "name", "objectId", "partnerId", "partnerName", "state", "tenantId", "type"]
KEYS += ["updatedTime", "version"]


@pytest.fixture(name="az")
def _az(reader: Reader, signed_in):
    """`az managementpartner …` as a person who is signed in to the customer's tenant."""
    need(AZ)
    shutil.copytree(signed_in(samples.CUSTOMER_TENANT), reader.home / ".azure", dirs_exist_ok=True)

    def run(*arguments: str) -> Result:
        return reader.command("az", "managementpartner", *arguments)

    return run


@pytest.mark.parametrize("verb", ["create", "show", "update"])
def test_prints_the_flat_resource_with_sorted_keys(verb: str, az, world: World) -> None:
    if verb != "create":
        world.create_link(*ME, samples.PARTNER_ID)
    result = az(verb, "--partner-id", samples.PARTNER_ID)
    assert result.code == 0, result.output
    assert list(json.loads(result.stdout)) == KEYS
    assert result.stderr == ""


def test_table_has_no_etag_id_or_type(az, world: World) -> None:
    world.create_link(*ME, samples.PARTNER_ID)
    header = az("show", "--output", "table").stdout.split("\n")[0].split()
    assert header == [
        "CreatedTime",
        "Name",
        "ObjectId",
        "PartnerId",
        "PartnerName",
        "State",
        "TenantId",
        "UpdatedTime",
        "Version",
    ]


def test_delete_prints_nothing(az, world: World) -> None:
    world.create_link(*ME, samples.PARTNER_ID)
    result = az("delete", "--partner-id", samples.PARTNER_ID)
    assert (result.code, result.output) == (0, "")
    assert world.active_links() == {}


def test_not_linked_is_exit_code_3_with_code_and_message(az) -> None:
    result = az("show")
    text = "This user or service principal is not linked with a Partner ID"
    assert result.code == 3
    lines = result.stderr.strip().splitlines()
    assert lines == [
        f"ERROR: (ManagementPartnerNotFound) {text}",
        "Code: ManagementPartnerNotFound",
        f"Message: {text}",
    ]


def test_invalid_partner_id_is_exit_code_1(az) -> None:
    result = az("create", "--partner-id", "9999999")
    assert result.code == 1
    assert result.stderr.startswith("ERROR: (PartnerIdInvalid) The Partner ID is not valid")


def test_missing_argument_is_exit_code_2(az) -> None:
    result = az("create")
    assert result.code == 2
    assert "the following arguments are required: --partner-id" in result.stderr


def test_throttling_is_retried(az, reader: Reader, world: World) -> None:
    throttled = Response(429, {"error": {"code": "TooManyRequests", "message": "x"}}, {"Retry-After": "0"})
    reader.proxy.faults.append(Fault(lambda r: r.method == "PUT", throttled, times=3))
    assert az("create", "--partner-id", samples.PARTNER_ID).code == 0
    assert world.active_links() == {ME: samples.PARTNER_ID}


def test_install_block_installs_the_extension(reader: Reader, tmp_path: Path) -> None:
    """The published install line, against an emulated index that serves the stand-in."""
    need(AZ)
    reader.extensions = tmp_path / "extensions"
    result = reader.run(ROOT / "snippets/users/install.sh")
    assert result.code == 0, result.output
    listed = reader.command("az", "extension", "list", "--query", "[].name", "--output", "tsv")
    assert listed.stdout.split() == ["managementpartner"]
    assert reader.command("az", "managementpartner", "--help").code == 0
