"""What surrounds a published file when it is run: whose link it is about, what is there before, what must be there after.

A page is a folder of `snippets/`. A start is the title of a scenario in a wire file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator import samples
from emulator.harness import Reader
from emulator.world import GUEST_IN_CUSTOMER, World

ME = (samples.CUSTOMER_TENANT, GUEST_IN_CUSTOMER)
Key = tuple[str, str]  # tenant, object ID


def nothing(world: World, reader: Reader) -> None:
    """The sample world and a clean reader are all there is."""


@dataclass(frozen=True)
class Page:
    """`who` owns the link that the page's tasks are about; `arrange` makes identities and gives the reader variables."""

    who: Key
    arrange: Callable[[World, Reader], None] = nothing


PAGES = {"users": Page(ME)}

STARTS: dict[str, Callable[[World, Key], object]] = {
    "Nothing linked yet": lambda world, who: None,
    "Already linked": lambda world, who: world.create_link(*who, samples.PARTNER_ID),
    "Linked to another partner ID": lambda world, who: world.create_link(*who, samples.NEW_PARTNER_ID),
}

# Task -> the partner ID that must be linked at the end. A page's own entry ("page/task") goes before the general one.
ENDS: dict[str, str | None] = {
    "link": samples.PARTNER_ID,
    "link-device-code": samples.PARTNER_ID,
    "ensure": samples.PARTNER_ID,
    "show": samples.PARTNER_ID,
    "change": samples.NEW_PARTNER_ID,
    "remove": None,
}

# "page/task" -> what else must hold in the world at the end.
AFTER: dict[str, Callable[[World], None]] = {}


def links_at_the_end(page: str, task: str) -> dict[Key, str]:
    """The active links that must be there after the task: (tenant, object ID) -> partner ID."""
    end = ENDS.get(f"{page}/{task}", ENDS.get(task))
    return {PAGES[page].who: end} if end else {}
