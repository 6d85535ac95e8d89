"""What a reader must find on the screen after a task, and what nobody may find there."""

from __future__ import annotations

import re

import principals
from bystanders import THEIR_DELEGATION
from emulator import samples
from emulator.harness import Result
from scenarios import ENDS, PAGES

OFFER = "Fabrikam Consulting: managed operations"  # of snippets/lighthouse/sp.parameters.json
AT = f"/subscriptions/{samples.SUBSCRIPTION}/providers/Microsoft.ManagedServices/"
# Task -> what it says besides the link that is there at its end.
SHOWN: dict[str, tuple[str, ...]] = {
    "users/remove": (samples.PARTNER_ID, "Removed."),
    "sp/remove": (samples.PARTNER_ID, "Removed."),
    "tag/create": (
        f"{principals.NAME}: client ID {samples.CLIENT_ID}, service principal object ID {samples.SERVICE_PRINCIPAL}",
        "No credential of this run is left.",
    ),
    "tag/preview": (
        *(principals.NAME, samples.CLIENT_ID, samples.SERVICE_PRINCIPAL),
        *(f"{samples.SUBSCRIPTION} Contoso Production", f"{samples.SECOND_SUBSCRIPTION} Contoso Test"),
    ),
    "tag/assign": tuple(f"/subscriptions/{subscription}" for subscription in principals.CHOSEN),
    "tag/remove": ("Removed.",),
    "onboard/preview": (f"{AT}registrationDefinitions/", f"{AT}registrationAssignments/"),
    "onboard/deploy": ("Succeeded", OFFER),
    "onboard/show": (OFFER, samples.OPERATORS_GROUP, f"{AT}registrationAssignments/"),
    "onboard/remove": (f"Removed {AT}registrationAssignments/",),
    "delegations/list": (samples.SUBSCRIPTION, samples.CUSTOMER_TENANT, OFFER, f"{AT}registrationAssignments/"),
    "delegations/earning": (
        f"with role    {AT}registrationAssignments/",
        f"without role {AT}registrationAssignments/{THEIR_DELEGATION}",
    ),
    "delegations/remove": (f"Removed {AT}registrationAssignments/",),
}
# Tasks whose result is not the link that is there at their end.
SILENT_ABOUT_THE_LINK = {"tag/preview", "tag/assign", "tag/remove", "delegations/earning"}
# What a client may warn of, because the page says it or because nothing is to be done.
KNOWN_WARNINGS = (
    "A web browser has been opened at",
    "Found an existing application instance",  # tag/create says that a second run uses it again
)


def assert_screen(page: str, task: str, result: Result) -> None:
    """The result of a successful task is on standard output; nothing secret, no unknown warning is anywhere."""
    name, end = f"{page}/{task}", ENDS.get(f"{page}/{task}", ENDS.get(task))
    linked = (end, PAGES[page].who[1], "Active") if end and name not in SILENT_ABOUT_THE_LINK else ()
    missing = [words for words in (*SHOWN.get(name, ()), *linked) if words.lower() not in result.stdout.lower()]
    assert not missing, f"{name} does not show {missing} → a reader cannot tell what happened:\n{result.stdout}"
    assert linked or name in SHOWN, f"{name}: nobody says what it shows → say so in SHOWN of tests/screen.py"
    assert_nothing_secret(result)
    warned = re.findall(r"(?im)^\W*warning: (.*)", result.output)
    unknown = [line for line in warned if not line.startswith(KNOWN_WARNINGS)]
    assert not unknown, f"{name} warns of what no page explains: {unknown}"


def assert_nothing_secret(result: Result) -> None:
    """No token (a JWT starts with eyJ), no secret of the sample world or of the run is shown."""
    answers = [e.response.body for e in result.exchanges if e.response and isinstance(e.response.body, dict)]
    made = {body["secretText"] for body in answers if body.get("secretText")}
    shown = [secret for secret in {principals.SECRET, "eyJ", *made} if secret in result.output]
    assert not shown, f"a secret is on the screen: {shown}"
