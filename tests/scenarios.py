"""What surrounds a published file when it is run: whose link it is about, what is there before, what must be there after.

A page is a folder of `snippets/`. A start is the title of a scenario in a wire file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import delegating
import principals
from conftest import AZ, ME, need
from emulator import samples
from emulator.harness import ROOT, Reader
from emulator.world import World

SNIPPETS = ROOT / "snippets"
Key = tuple[str, str]  # tenant, object ID


def nothing(world: World, reader: Reader) -> None:
    """The sample world and a clean reader are all there is."""


@dataclass(frozen=True)
class Page:
    """`who` owns the link that the page's tasks are about; `arrange` makes identities and gives the reader variables."""

    who: Key
    arrange: Callable[[World, Reader], None] = nothing


PAGES = {
    "users": Page(ME),
    "sp": Page(principals.PRINCIPAL, principals.every_credential),
    "tag": Page(principals.PRINCIPAL, principals.three_subscriptions),
    "onboard": Page(delegating.CUSTOMER, delegating.customer),
    "delegations": Page(delegating.PROVIDER_PRINCIPAL, delegating.provider),
}

STARTS: dict[str, Callable[[World, Key], object]] = {
    "Nothing linked yet": lambda world, who: None,
    "Already linked": lambda world, who: world.create_link(*who, samples.PARTNER_ID),
    "Linked to another partner ID": lambda world, who: world.create_link(*who, samples.NEW_PARTNER_ID),
    "The principal is there": principals.with_link,
    "It has the role": lambda world, who: principals.with_link(world, who, role=True),
    "Nothing delegated yet": lambda world, who: None,
    "Delegated": delegating.delegated,
    "Delegated and linked": delegating.delegated_and_linked,
}

# Task -> the partner ID that must be linked at the end. A page's own entry ("page/task") goes before the general one.
ENDS: dict[str, str | None] = {
    "link": samples.PARTNER_ID,
    "link-device-code": samples.PARTNER_ID,
    "ensure": samples.PARTNER_ID,
    "show": samples.PARTNER_ID,
    "change": samples.NEW_PARTNER_ID,
    "remove": None,
    **dict.fromkeys(("secret", "certificate", "managed-identity", "managed-identity-user"), samples.PARTNER_ID),
    "workload-identity": samples.PARTNER_ID,
    **dict.fromkeys(("tag/create", "tag/preview", "tag/assign", "tag/remove"), samples.PARTNER_ID),
    **dict.fromkeys(
        ("onboard/deploy", "onboard/preview", "onboard/show", "delegations/list", "delegations/remove"), None
    ),
    "delegations/earning": samples.PARTNER_ID,
}

# "page/task" -> what else must hold in the world at the end.
AFTER: dict[str, Callable[[World], None]] = {
    "tag/create": principals.one_principal_without_credential,
    "tag/preview": principals.nothing_assigned,
    "tag/assign": principals.role_in_both_chosen_subscriptions,
    "tag/remove": principals.nothing_left,
    "onboard/deploy": delegating.deployed_once,
    "onboard/remove": delegating.nothing_is_delegated,
    "delegations/remove": delegating.only_the_offer_is_left,
}


def links_at_the_end(page: str, task: str) -> dict[Key, str]:
    """The active links that must be there after the task: (tenant, object ID) -> partner ID."""
    end = ENDS.get(f"{page}/{task}", ENDS.get(task))
    return {PAGES[page].who: end} if end else {}


# --- which files can be run here, and what they need ---


def powershell_runs() -> bool:
    """Whether pwsh is here with the module in PSModulePath; PAL_PWSH=required runs PowerShell anyway, and fails without."""
    places = filter(None, os.environ.get("PSModulePath", "").split(os.pathsep))  # noqa: SIM112
    found = shutil.which("pwsh") and any((Path(place) / "Az.ManagementPartner").is_dir() for place in places)
    return bool(found) or os.environ.get("PAL_PWSH") == "required"


RUNNABLE = {".py", ".sh"} | ({".ps1"} if powershell_runs() else set())


# Files that bypass every proxy on purpose; tests/test_imds.py runs them where nothing but the emulator can be reached.
WITHOUT_PROXY = {"managed-identity.curl.sh", "managed-identity-user.curl.sh"}


def wire_file(snippet: Path) -> Path:
    return snippet.with_name(snippet.name.split(".")[0] + ".http")


def prepare(reader: Reader, world: World, snippet: Path) -> None:
    """Give the reader what the snippet's tool and page need, or stop."""
    PAGES[snippet.parent.name].arrange(world, reader)
    if snippet.suffix == ".sh":
        for tool in ("curl", "jq") if snippet.name.endswith(".curl.sh") else (AZ,):
            need(tool)
    if snippet.name.endswith(".rest.sh"):
        reader.extensions = reader.home / "no-extensions"
