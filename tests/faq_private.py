"""What a public entry must not hold: people, tenants, partner IDs of somebody, secrets. Each finding is what to write instead.

Phone numbers are `phonenumbers`' judgement. detect-secrets was weighed for secrets and left out: its last release is of May 2024; it
reads quoted strings in code where entries say "the password is …"; and it knows no client secret of Entra and no pull of base32.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

# Only this file: its package starts the emulator, which takes longer than the check.
SAMPLES = set(runpy.run_path(str(Path(__file__).parent / "emulator/samples.py"))["ALL"].values())
# Microsoft's own applications have the same ID in every tenant: Azure CLI, Azure PowerShell, the portal, Graph, Resource Manager
# (https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in).
PUBLISHED = {
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "1950a258-227b-4e31-a9cf-717495945fc2",
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
    "00000003-0000-0000-c000-000000000000",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
}
COMPANIES = {"contoso", "fabrikam", "adatum"}  # Microsoft's names for samples

URL = re.compile(r"https?://[^\s)>\"]+")
GUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.I)
PICTURE = re.compile(r"https://(?:github\.com/(?:user-attachments|[\w.-]+/[\w.-]+/assets)|[\w.-]+usercontent\.com)/\S+")
MAIL = re.compile(r"[\w.+#-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b")
TENANT = re.compile(r"([\w-]+)\.(?:(?:mail\.)?onmicrosoft\.(?:com|us|de|cn)|partner\.onmschina\.cn)\b", re.I)
SHAREPOINT = re.compile(r"\b([\w-]+?)(?:-my|-admin)?\.sharepoint\.(?:com|us|cn|de)\b", re.I)

NUMBER = re.compile(
    r"(?:(?<![^\W_])(?<![.])(?<!\d-)|(?<=MPN)|(?<=ID)|(?<=[Ii]d))"
    r"(?:\d{1,3}(?:[ ,.'’_-]\d{3}){1,2}|\d{5,8}|\d(?:[ .-]?\d){4,7})(?!\w|[.,]\d)"
)
GROUPED = re.compile(r"\d{1,3}(?:\D\d{3})*|\d+")  # other groups are a partner ID only where it is said
SAID = re.compile(r"(?:\bIDs?|MPN|partner[ _-]?ids?|mpn[ _-]?ids?)\W{0,4}(?:(?:is|was|are|number|no)\W{1,4})?$", re.I)
COUNTED = re.compile(
    r"^\s?(?:[%€£$]|(?:[A-Z]{3}|euros?|dollars?|pounds?|calls?|requests?|users?|customers?|partners|seats?|licen[cs]es|times|bytes|rows"
    r"|lines|records|events|subscriptions|tenants|people|hours?|minutes?|seconds?|days|years)\b)"
)
ISSUE = re.compile(
    r"(?:#|GH-|\b(?:issues?|PRs?|pulls?|pull requests?|discussions?|(?:errors?|codes?)(?: is)?|AADSTS)\s#?(?:\d+(?:,| and| or)+ #?)*)$",
    re.I,
)
ARTICLE = re.compile(r"\b(?:KB|articles?)[ -]?$")
IN_ADDRESS = re.compile(r"(?:partner|mpn)[\w-]*id[=/](\d{5,8})\b", re.I)

NO_PHONE = re.compile(
    r"\b(?:19|20)\d\d-\d\d-\d\d\b|\b(?:19|20)\d\d(?:[ ,/-]+(?:19|20)\d\d\b)+|\b\d{1,3}(?:\.\d{1,3}){3}\b"
)
PHONE = re.compile(r"(?<![\w.+-])\+?\(?\d[\d ().\u00a0/-]{6,22}\d(?!\w)")
# Where partners and their customers call from; a number abroad begins with + or 00 and is known everywhere.
REGIONS = re.findall("..", "GBUSDEFRNLBEIEESITPTCHATSENODKFIPLCZROGRTRZANGINSGMYJPAUNZBRMXAEIL")

FORMS = re.compile(
    r"\b\w{3}\dQ~[\w.~-]{30,}|\beyJ[\w-]{10,}[\w.-]*|-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\b[a-z2-7]{52}\b"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|pypi-|sk-|AIza|ya29\.|hf_|SG\.)[\w.-]{16,}"
    r"|(?:Account|SharedAccess|Access|Api)_?Key=[^\s\"';&]{6,}|[?&]sig=[^\s&]{10,}|://[^\s/@:]+:[^\s/@]+@"
)
LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
WORD = r"(?:pass(?:word|wd|phrase|code)?|pwd|(?:client[ _-]?|app[ _-]?)?secret|(?:api[ _-]?|access[ _-]?)?key|token|credential)"
VALUE = r"[`\"'*]*(?![$%<{(])([^\s`\"',;)]{6,})"
TOLD = re.compile(
    rf"\b{WORD}\b[`\"'*]*\s*(?:\w+\s){{0,2}}?(?:is|was|=|:)\s*{VALUE}"
    rf"|(?:\baz login\b[^`\n]*?\s-p|--?(?:password|client-?secret|secret|token|pat|account-?key|sas-?token))[ =]{VALUE}"
    rf"|\b{WORD}\s+[`\"']?((?=\S*\d)(?=\S*[A-Za-z])\S{{5,}}[!#%&*?^~+$@])"
    rf"|[`\"']([^\s`\"']{{6,}})[`\"']\s+is\s+(?:the|our|my|its|a)\s+(?:\w+\s)?{WORD}\b",
    re.I,
)


def private(line: str, roles: set[str]) -> Iterator[str]:
    """Everything in one line; `roles` are IDs that entries may name. What may be a secret is not shown."""
    known = SAMPLES | PUBLISHED | roles
    for guid in sorted(set(GUID.findall(PICTURE.sub("", line).lower())) - known):
        yield f"{guid[:8]}… may be a real ID → write a sample, 11111111-1111-…"
    line = GUID.sub("", line)
    plain = URL.sub("", line)
    if MAIL.search(plain) or "mailto:" in line:
        yield "mail address → leave it out: entries name no mailbox, readers ask in the discussion"
    companies = TENANT.findall(line) + SHAREPOINT.findall(plain)
    for company in sorted({name.lower() for name in companies} - COMPANIES):
        yield f"{company} names a company's tenant → write the sample contoso.onmicrosoft.com"
    yield from phones(plain)
    yield from partner_ids(line, plain)
    yield from secrets(line, plain)


def partner_ids(line: str, plain: str) -> Iterator[str]:
    for match in NUMBER.finditer(plain):
        digits = re.sub(r"\D", "", match[0])
        before, after = plain[: match.start()], plain[match.end() :]
        if digits not in SAMPLES and (
            SAID.search(before) or (GROUPED.fullmatch(match[0]) and looks_real(digits, before, after))
        ):
            yield f"{match[0]} may be a real partner ID → write the sample 1234567"
    for url in URL.findall(line):
        inside = IN_ADDRESS.findall(url)
        if (urlsplit_host(url)).endswith("partner.microsoft.com"):
            inside += re.findall(r"(?<!\d)\d{6,8}(?!\d)", url)
        for digits in sorted(set(inside) - SAMPLES):
            yield f"{digits} in an address may be a real partner ID → link the page without it"


def urlsplit_host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def looks_real(digits: str, before: str, after: str) -> bool:
    """Not what is counted, a day, or the number of an issue (no repository counts to a million), an error or an article."""
    if not 6 <= len(digits) <= 8 or digits.endswith("000") or COUNTED.search(after) or before[-1:] in set("$€£"):
        return False
    return not (ARTICLE.search(before) or (len(digits) == 6 and ISSUE.search(before)) or is_day(digits))


def is_day(digits: str) -> bool:
    try:
        return len(digits) == 8 and 1990 <= date.fromisoformat(digits).year <= 2099
    except ValueError:
        return False


def phones(plain: str) -> Iterator[str]:
    for match in PHONE.finditer(NO_PHONE.sub("", plain)):
        if 9 <= len(re.sub(r"\D", "", match[0])) <= 15 and is_phone(match[0]):
            yield "phone number → leave it out"


def is_phone(text: str) -> bool:
    """Whether a number of nine digits or more is one that can be called, with or without what stands before it abroad."""
    import phonenumbers  # 0.1 s, and seldom needed

    digits = re.sub(r"\D", "", text)
    for number, region in [("+" + digits.removeprefix("00"), None), *((text, region) for region in REGIONS)]:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def secrets(line: str, plain: str) -> Iterator[str]:
    found = [match[0] for match in FORMS.finditer(line)]
    rest = FORMS.sub("", line)
    for token in LONG.findall(URL.sub(lambda url: re.sub(r"[/?&=]", " ", url[0]), rest)):
        if is_random(token) and not (re.fullmatch(r"[0-9a-f]{40}", token) and is_commit(token, line)):
            found.append(token)
    for token in found:
        yield f"{len(token)} characters like a secret → delete and revoke it"
    for match in TOLD.finditer(URL.sub("", rest)):
        value = next(filter(None, match.groups())).rstrip(".:")
        if is_password(value) and value not in SAMPLES and not found:
            yield "a password or key → delete it and change it; no entry and no command shows a secret"


def is_random(token: str) -> bool:
    """Digits and letters that are no words; or hexadecimal digits only."""
    if re.fullmatch(r"[0-9a-fA-F]{32,}", token):
        return True
    words = [word for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", token) if len(word) > 2]
    letters = [c for c in token if c.isalnum()]
    return bool(re.search(r"\d", token) and re.search(r"[A-Za-z]", token)) and sum(map(len, words)) < 0.6 * len(letters)


def is_commit(token: str, line: str) -> bool:
    return bool(re.search(rf"(?:commit|/(?:blob|tree|raw|commit|commits))[/ `]+{token}", line))


def is_password(value: str) -> bool:
    """A word is none, nor the name of a variable: digits or signs among the letters make it one."""
    return bool(re.search(r"\d|[!#%&*?^~+$@][\w]|[A-Za-z][!#%^~$]+$", value)) and not re.fullmatch(r"[A-Z_]+\d?", value)
