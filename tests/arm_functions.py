"""The expression language of Azure Resource Manager templates, read; and its functions whose value follows from their arguments.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, urljoin

LONGEST = 24_576  # characters of an expression
LONGEST_TEXT, MOST_ELEMENTS = 131_072, 10_000
TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w$]*)|(?P<sign>\.\?|\[\?|[().,\[\]]))\s*"
)
GUIDS = uuid.UUID(
    "11fb06fb-712d-4ddd-98c7-e71bbd588830"
)  # reported namespace of guid(); the reference says only "SHA-1"

# Every function of the reference, and of Azure Policy's (the last line). What is in neither FUNCTIONS nor here is no function of Azure's.
ONLY_AZURE_KNOWS = """
    cidrHost cidrSubnet cidrSubnets dataUri dataUriToString dateTimeAdd dateTimeFromEpoch dateTimeToEpoch deployer
    deployment environment externalInput extension fail filter getSecret groupBy indexFromEnd list listKeys
    listAccountSas listServiceSas listSecrets listCallbackUrl listUsages loadFileAsBase64 loadJsonContent
    loadTextContent managementGroupSubscriptions map mapValues newGuid parseCidr pickZones providers reduce
    reference references sort toObject toLogicalZone toLogicalZones toPhysicalZone toPhysicalZones tryGet
    tryIndexFromEnd uniqueString utcNow lambda lambdaVariables buildUri parseUri onlyIfNotExists getResourceInfo
    addDays claims current field ipRangeContains policy requestContext source
"""


class ExpressionError(ValueError):
    """What Azure itself would refuse in an expression, with what to write."""

    def __init__(self, found: str, write: str):
        super().__init__(found, write)
        self.found, self.write = found, write


class Call:
    """A function with its arguments, each a Call, a Path or a plain value."""

    def __init__(self, name: str, arguments: list):
        self.name, self.arguments = name, arguments


class Path:
    """A member or element of a value: `key` is a name or an expression."""

    def __init__(self, base: Any, key: Any, optional: bool):
        self.base, self.key, self.optional = base, key, optional


def parsed(expression: str) -> Any:
    """The expression between [ and ] as a tree; ExpressionError for what is none."""
    if len(expression) > LONGEST:
        raise ExpressionError(f"an expression of {len(expression):,} characters", f"one of {LONGEST:,} at most")
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(expression):
        found = TOKEN.match(expression, at)
        if found is None or found.end() == at:
            raise ExpressionError(
                f"no expression from {expression[at : at + 20]!r} on", "a function, as [parameters('name')]"
            )
        tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
        at = found.end()
    tree = operand(tokens)
    if tokens:
        raise ExpressionError(f"{tokens[0][1]} after the end of the expression", "one function, and nothing behind it")
    return tree


def operand(tokens: list[tuple[str, str]]) -> Any:
    """The value at the head of `tokens`, which loses what is read."""
    kind, text = taken(tokens)
    if kind == "text":
        tree: Any = text[1:-1].replace("''", "'")
    elif kind == "number":
        tree = float(text) if "." in text else int(text[:20])
    elif kind == "name":
        while tokens and tokens[0][1] == ".":  # a function of the template's own: namespace.name
            taken(tokens)
            text += "." + taken(tokens, "name")[1]
        taken(tokens, "(")
        tree = Call(text, arguments(tokens))
    else:
        raise ExpressionError(f"{text} where a value belongs", "a function, a number or text in single quotes")
    while tokens and tokens[0][1] in (".", "[", ".?", "[?"):
        sign = taken(tokens)[1]
        key = taken(tokens, "name")[1] if sign[0] == "." else operand(tokens)
        if sign[0] == "[":
            taken(tokens, "]")
        tree = Path(tree, key, sign[-1] == "?")
    return tree


def arguments(tokens: list[tuple[str, str]]) -> list:
    """The arguments of a function up to its closing bracket."""
    found: list = []
    while not (tokens and tokens[0][1] == ")"):
        if found:
            taken(tokens, ",")
        found.append(operand(tokens))
    taken(tokens, ")")
    return found


def taken(tokens: list[tuple[str, str]], wanted: str = "") -> tuple[str, str]:
    """The next token; it must be the sign or of the kind `wanted`."""
    if not tokens:
        raise ExpressionError("an expression that ends too early", "every ( and [ closed")
    token = tokens.pop(0)
    if wanted and wanted not in token:
        raise ExpressionError(
            f"{token[1]} in an expression where {wanted} belongs", "a comma between arguments, every bracket closed"
        )
    return token


# --- functions of plain values: errors of Python mean that the arguments do not fit ---


def text(value: Any) -> str:
    """string(): JSON for what is no text."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def boolean(value: Any) -> bool:
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}[value.lower()]
    return bool(value)


def same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def formatted(pattern: str, *values: Any) -> str:
    """format() with {0}; what else .NET can do in braces is not evaluated."""
    if re.search(r"\{\d+[^}\d]", pattern):
        raise ValueError("a format of .NET")
    return re.sub(r"\{\{|\}\}|\{(\d+)\}", lambda m: m[0][0] if m[1] is None else text_of(values[int(m[1])]), pattern)


def text_of(value: Any) -> str:
    return str(value) if isinstance(value, bool) else text(value)


def truncated(one: int, other: int) -> int:
    whole = abs(one) // abs(other)
    return whole if (one < 0) == (other < 0) else -whole


def part(value: str, start: int, length: int | None = None) -> str:
    """substring(): a place outside the text is refused."""
    end = len(value) if length is None else start + length
    if not 0 <= start <= end <= len(value):
        raise IndexError
    return value[start:end]


def padded(value: Any, width: int, sign: str = " ") -> str:
    if width > LONGEST_TEXT:
        raise ValueError("too long")
    return text(value).rjust(width, sign)


def numbers(start: int, count: int) -> list[int]:
    if not 0 <= count <= MOST_ELEMENTS:
        raise ValueError("too many")
    return list(range(start, start + count))


def pieces(value: str, separators: Any) -> list[str]:
    wanted = [separators] if isinstance(separators, str) else separators
    return re.split("|".join(map(re.escape, wanted)), value)


def listed(*values: Any) -> list:
    return values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)


def decoded_json(value: str) -> Any:
    return json.loads(value)


PLAIN: dict[str, Callable[..., Any]] = {
    "add": lambda one, other: one + other,
    "and": lambda *each: all(boolean(value) for value in each),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64ToString": lambda value: base64.b64decode(value).decode(),
    "base64ToJson": lambda value: json.loads(base64.b64decode(value)),
    "bool": boolean,
    "div": truncated,
    "endsWith": lambda value, end: value.lower().endswith(end.lower()),
    "equals": same,
    "false": lambda: False,
    "float": float,
    "format": formatted,
    "greater": lambda one, other: one > other,
    "greaterOrEquals": lambda one, other: one >= other,
    "guid": lambda *each: str(uuid.uuid5(GUIDS, "-".join(map(text, each)))),
    "indexOf": lambda value, part: (
        value.lower().find(part.lower())
        if isinstance(value, str)
        else next((i for i, e in enumerate(value) if same(e, part)), -1)
    ),
    "int": lambda value: int(float(value)) if isinstance(value, float) else int(value),
    "join": lambda values, between: between.join(map(text, values)),
    "json": decoded_json,
    "lastIndexOf": lambda value, part: (
        value.lower().rfind(part.lower())
        if isinstance(value, str)
        else max((i for i, e in enumerate(value) if same(e, part)), default=-1)
    ),
    "less": lambda one, other: one < other,
    "lessOrEquals": lambda one, other: one <= other,
    "max": lambda *each: max(listed(*each)),
    "min": lambda *each: min(listed(*each)),
    "mod": lambda one, other: one - truncated(one, other) * other,
    "mul": lambda one, other: one * other,
    "not": lambda value: not boolean(value),
    "null": lambda: None,
    "or": lambda *each: any(boolean(value) for value in each),
    "padLeft": padded,
    "range": numbers,
    "replace": lambda value, old, new: value.replace(old, new),
    "split": pieces,
    "startsWith": lambda value, start: value.lower().startswith(start.lower()),
    "string": text,
    "sub": lambda one, other: one - other,
    "substring": part,
    "toLower": lambda value: value.lower(),
    "toUpper": lambda value: value.upper(),
    "trim": lambda value: value.strip(),
    "true": lambda: True,
    "uri": urljoin,
    "uriComponent": lambda value: quote(value, safe=""),
    "uriComponentToString": unquote,
}
# Those that look at a value's shape, or pass parts of it on: tests/arm_template.py evaluates them.
SHAPES = """
    array coalesce concat contains copyIndex createArray createObject empty extensionResourceId first flatten if intersection items last
    length managementGroup managementGroupResourceId objectKeys parameters resourceGroup resourceId shallowMerge skip subscription
    subscriptionResourceId take tenant tenantResourceId union variables
"""
KNOWN = {name.lower(): name for name in (*PLAIN, *SHAPES.split(), *ONLY_AZURE_KNOWS.split())}
FUNCTIONS = {name.lower(): function for name, function in PLAIN.items()}
