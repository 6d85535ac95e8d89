"""Read Azure Resource Manager templates: every value with the place where it is written, or why it is not known.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache, wraps
from typing import Any

from arm_functions import (
    FUNCTIONS,
    KNOWN,
    LONGEST_TEXT,
    MOST_ELEMENTS,
    Call,
    ExpressionError,
    Path,
    parsed,
    same,
    text_of,
)
from offer_file import shown

MOST_COPIES, MOST_STEPS = 800, 1_000_000
# What only the deployment knows, by names that no real value has: they are compared, never taken for somebody's ID.
SUBSCRIPTION, GROUP, CUSTOMER = "<the subscription>", "<the resource group>", "<the customer's tenant>"
tree_of = lru_cache(maxsize=4096)(parsed)


class TooMuch(Exception):
    """A template whose expressions take too long to follow."""


@dataclass
class Reading:
    """What one file shares: `faults`, place -> (found, write), are what Azure refuses in its expressions."""

    faults: dict[str, tuple[str, str]] = field(default_factory=dict)
    steps: int = 0
    following: set = field(default_factory=set)


@dataclass
class Scope:
    """What expressions may name; lower-case keys, as Azure ignores case.

    A parameter without a value is None. A variable is [value, where, scope, Node once read].
    `escaped` is the scope of `[[...]`, which is evaluated one deployment later; in a `literal` scope nothing is evaluated.
    `level` is what the functions take for their place: tenant, managementGroup, subscription or resourceGroup.
    """

    reading: Reading
    parameters: dict[str, Node | None] = field(default_factory=dict)
    variables: dict[str, list] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)
    escaped: Scope | None = None
    literal: bool = False
    level: str = "subscription"
    loops: dict[str, int | None] = field(default_factory=dict)

    def as_text(self) -> Scope:
        return replace(self, literal=True)


@dataclass
class Node:
    """A value and `where` it is written, "file: $.path". `via` is the expression that led there, or to nothing.

    Not written: `absent`. Not known: `unknown` says why. In both cases `value` is None.
    """

    value: Any
    where: str
    scope: Scope
    via: str = ""
    unknown: str = ""
    absent: bool = False
    expanded: dict[str, Any] | None = None

    @property
    def known(self) -> bool:
        return not self.unknown

    def __getitem__(self, key: str | int) -> Node:
        """The member or element, its expression followed; of what is not known, a Node that is not known either."""
        if self.unknown:
            return replace(self, expanded=None)
        if isinstance(key, int):
            there = isinstance(self.value, list) and -1 < key < len(self.value)
            return read(self.value[key], f"{self.where}[{key}]", self.scope) if there else self.nothing(f"[{key}]")
        name = self.name_of(key)
        return (
            self.nothing(f".{shown(key)}")
            if name is None
            else read(self.members()[name], f"{self.where}.{shown(name)}", self.scope)
        )

    def nothing(self, key: str) -> Node:
        return Node(None, self.where + key, self.scope, absent=True)

    def name_of(self, key: str) -> str | None:
        """A member's name as it is written here."""
        members = self.members()
        return key if key in members else next((name for name in members if name.lower() == key.lower()), None)

    def members(self) -> dict[str, Any]:
        """The members of an object as they are written, `copy` loops as the arrays they make; nothing of other values."""
        if not isinstance(self.value, dict):
            return {}
        if self.scope.literal or not isinstance(self.value.get("copy"), list):
            return self.value
        if self.expanded is None:
            self.expanded = {name: value for name, value in self.value.items() if name != "copy"}
            for index, entry in enumerate(self.value["copy"]):
                loop = Node(entry, f"{self.where}.copy[{index}]", self.scope)
                if isinstance(entry, dict) and isinstance(loop["name"].value, str):
                    self.expanded[loop["name"].value] = copies(loop)
        return self.expanded

    def __iter__(self) -> Iterator[Node]:
        """The elements of an array or the members of an object; nothing of other values."""
        if self.known and isinstance(self.value, (list, dict)):
            keys = self.members() if isinstance(self.value, dict) else range(len(self.value))
            yield from (self[key] for key in keys)

    def fault(self, found: str, write: str) -> Node:
        """Note what Azure refuses here; the value is not known."""
        self.scope.reading.faults.setdefault(self.where, (found, write))
        return replace(self, value=None, unknown=found, absent=False)


def copies(loop: Node) -> Node:
    """The array that a `copy` element makes of its input."""
    count, name = loop["count"], str(loop["name"].value).lower()
    if not count.known:
        return Node(None, loop.where, loop.scope, unknown=f"the count of a copy loop: {count.unknown}")
    if not isinstance(count.value, int) or not 0 <= count.value <= MOST_COPIES:
        return count.fault(f"a copy loop that counts {shown(count.value)}", f"a number from 0 to {MOST_COPIES}")
    made = [
        Node(loop.value, loop.where, replace(loop.scope, loops={**loop.scope.loops, name: index}))["input"]
        for index in range(count.value)
    ]
    return Node(made, loop.where, loop.scope)


def read(value: Any, where: str, scope: Scope) -> Node:
    """`value` as a Node, or what its expression leads to."""
    if isinstance(value, Node):
        return value
    scope.reading.steps += 1
    if scope.reading.steps > MOST_STEPS:
        raise TooMuch
    if scope.literal or not (isinstance(value, str) and value.startswith("[") and value.endswith("]")):
        return Node(value, where, scope)
    later = value.startswith("[[")
    if later and scope.escaped is None:  # text with a bracket: nothing evaluates it later
        return Node(value[1:], where, scope)
    inside = replace(scope.escaped, loops=scope.loops) if later and scope.escaped else scope
    here = Node(None, where, inside, value)
    try:
        found = evaluate(tree_of(value[1 + later : -1].strip()), here)
    except ExpressionError as error:
        return here.fault(f"{shown(value)[:80]}: {error.found}", error.write)
    return replace(found, via=value)


# --- expressions ---


def evaluate(tree: Any, here: Node) -> Node:
    """What an expression leads to, for the place `here`."""
    if isinstance(tree, Path):
        return step(tree, here)
    if not isinstance(tree, Call):
        return result(tree, here)
    name = tree.name.lower()
    if name in SHAPES:
        found = SHAPES[name](tree.arguments, here)
    elif name in FUNCTIONS:
        found = computed(tree, [evaluate(each, here) for each in tree.arguments], here)
    elif name in here.scope.functions:
        found = own_function(here.scope.functions[name], [evaluate(each, here) for each in tree.arguments], here)
    elif name in KNOWN:
        found = unknown(f"{KNOWN[name]}() is not evaluated here", here)
    else:
        raise ExpressionError(
            f"there is no function {shown(tree.name)}",
            nearest(tree.name, KNOWN.values(), "a function of the reference"),
        )
    return found


def result(value: Any, here: Node) -> Node:
    return Node(value, here.where, here.scope.as_text())


def unknown(why: str, here: Node) -> Node:
    return Node(None, here.where, here.scope, unknown=why)


def step(tree: Path, here: Node) -> Node:
    """A member or an element of what an expression leads to."""
    base = evaluate(tree.base, here)
    key = tree.key if isinstance(tree.key, str) else evaluate(tree.key, here)
    key = key if isinstance(key, str) or not key.known else key.value
    if not base.known or isinstance(key, Node):
        return base if not base.known else unknown(key.unknown, here)
    found = base[key] if isinstance(key, (str, int)) else base.nothing(f"[{shown(key)}]")
    if found.absent and not tree.optional:
        near = nearest(str(key), base.members(), "the name of something that is there")
        raise ExpressionError(f"nothing is written at {found.where}", near)
    return result(None, here) if found.absent else found


def computed(tree: Call, given: list[Node], here: Node) -> Node:
    """A function of plain values, or why it is not known."""
    try:
        values = [deep(each) for each in given]
    except Unknown as reason:
        return unknown(str(reason), here)
    try:
        value = FUNCTIONS[tree.name.lower()](*values)
        if isinstance(value, (str, list)) and len(value) > LONGEST_TEXT:
            return unknown(f"{tree.name}() makes too much", here)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
        return unknown(f"{tree.name}() does not take {shown(values)[1:-1][:60]}", here)
    return result(value, here)


class Unknown(ValueError):
    """Why a value is not known."""


def deep(node: Node) -> Any:
    """The value with all in it followed; Unknown when some of it is not known."""
    if node.unknown:
        raise Unknown(node.unknown)
    if isinstance(node.value, dict):
        return {name: deep(node[name]) for name in node.members()}
    return [deep(each) for each in node] if isinstance(node.value, list) else node.value


def named(kind: str) -> Callable:
    """parameters('…') or variables('…')."""

    def look_up(arguments: list, here: Node) -> Node:
        (name,) = [deep(evaluate(each, here)) for each in arguments] if len(arguments) == 1 else (None,)
        names = getattr(here.scope, kind)
        if not isinstance(name, str) or name.lower() not in names:
            missing = f"the template declares no such {kind[:-1]}"
            raise ExpressionError(
                f"{missing}: {shown(name)}", nearest(str(name), names, f"a {kind[:-1]} that it declares")
            )
        found = names[name.lower()]
        if found is None:
            return unknown(f"the parameter {name} is given no value", here)
        return found if isinstance(found, Node) else variable(found, name, here)

    return look_up


def variable(held: list, name: str, here: Node) -> Node:
    value, where, scope, known = held
    if known is None:
        following = scope.reading.following
        if id(held) in following:
            raise ExpressionError(f"the variable {name} leads back to itself", "a value")
        following.add(id(held))
        try:
            known = held[3] = read(value, where, scope)
        finally:
            following.discard(id(held))
    return known


def own_function(declared: Node, given: list[Node], here: Node) -> Node:
    """A function that the template declares; its parameters are all it sees."""
    names = [str(each["name"].value).lower() for each in declared["parameters"]]
    if len(names) != len(given):
        raise ExpressionError(f"{len(given)} arguments for a function of {len(names)}", f"{len(names)} arguments")
    inside = replace(here.scope, parameters=dict(zip(names, given, strict=True)), variables={}, loops={})
    return Node(declared.value, declared.where, inside)["output"]["value"]


def nearest(name: str, among: Any, otherwise: str) -> str:
    """The known name that looks most like `name`, as something to write."""
    known = {each.lower(): each for each in among}
    found = get_close_matches(name.lower(), known, 1, 0.6)
    return known[found[0]] if found else otherwise


# --- functions that look at shapes ---


def shaped(function: Callable) -> Callable:
    """A function whose first argument must be known as far as it looks, and whose other arguments are plain."""

    @wraps(function)
    def call(arguments: list, here: Node) -> Node:
        given = [evaluate(each, here) for each in arguments]
        for each in given:
            if each.unknown:
                return unknown(each.unknown, here)
        try:
            return function(here, *given)
        except Unknown as reason:
            return unknown(str(reason), here)
        except (TypeError, ValueError, LookupError, AttributeError):
            return unknown(f"{function.__name__.strip('_')}() does not take what it is given", here)

    return call


def parts(node: Node) -> list[Node]:
    """The elements of an array, each with its place."""
    if not isinstance(node.value, list):
        raise TypeError
    return list(node)


def array_of(values: list, here: Node) -> Node:
    if len(values) > MOST_ELEMENTS:
        raise Unknown("an array with too many elements")
    return Node(values, here.where, here.scope)


def object_of(*given: Node) -> dict[str, Node]:
    """The members of all objects; of those with one name the last."""
    made: dict[str, Node] = {}
    for each in given:
        if not isinstance(each.value, dict):
            raise TypeError
        made |= {name: each[name] for name in each.members()}
    return made


@shaped
def concat(here: Node, *given: Node) -> Node:
    if given and isinstance(given[0].value, list):
        return array_of([each for node in given for each in parts(node)], here)
    if any(isinstance(each.value, (list, dict)) for each in given):
        raise TypeError
    made = "".join(text_of(each.value) for each in given)
    return result(made, here) if len(made) <= LONGEST_TEXT else unknown("concat() makes too much", here)


@shaped
def union(here: Node, *given: Node) -> Node:
    if isinstance(given[0].value, dict):
        return Node(object_of(*given), here.where, here.scope)
    kept: list[Node] = []
    for each in (each for node in given for each in parts(node)):
        if not any(same(deep(each), deep(other)) for other in kept):
            kept.append(each)
    return array_of(kept, here)


@shaped
def intersection(here: Node, *given: Node) -> Node:
    return array_of([each for each in parts(given[0]) if all(deep(each) in deep(other) for other in given[1:])], here)


@shaped
def length(here: Node, node: Node) -> Node:
    return result(len(node.members()) if isinstance(node.value, dict) else len(node.value), here)


@shaped
def empty(here: Node, node: Node) -> Node:
    return result(node.value is None or len(node.value) == 0, here)


@shaped
def contains(here: Node, node: Node, wanted: Node) -> Node:
    if isinstance(node.value, dict):
        return result(node.name_of(str(wanted.value)) is not None, here)
    if isinstance(node.value, str):
        return result(str(wanted.value) in node.value, here)
    return result(any(same(deep(each), deep(wanted)) for each in parts(node)), here)


@shaped
def first(here: Node, node: Node) -> Node:
    return node[0] if isinstance(node.value, list) else result(node.value[:1], here)


@shaped
def last(here: Node, node: Node) -> Node:
    return node[len(node.value) - 1] if isinstance(node.value, list) else result(node.value[-1:], here)


@shaped
def take(here: Node, node: Node, count: Node) -> Node:
    return (
        array_of(parts(node)[: max(count.value, 0)], here)
        if isinstance(node.value, list)
        else result(node.value[: count.value], here)
    )


@shaped
def skip(here: Node, node: Node, count: Node) -> Node:
    return (
        array_of(parts(node)[max(count.value, 0) :], here)
        if isinstance(node.value, list)
        else result(node.value[count.value :], here)
    )


@shaped
def array(here: Node, node: Node) -> Node:
    return node if isinstance(node.value, list) else array_of([node], here)


@shaped
def flatten(here: Node, node: Node) -> Node:
    return array_of([each for inner in parts(node) for each in parts(inner)], here)


@shaped
def shallow_merge(here: Node, node: Node) -> Node:
    return Node(object_of(*parts(node)), here.where, here.scope)


@shaped
def items(here: Node, node: Node) -> Node:
    return array_of(
        [Node({"key": name, "value": node[name]}, here.where, here.scope.as_text()) for name in sorted(node.members())],
        here,
    )


@shaped
def object_keys(here: Node, node: Node) -> Node:
    return result(sorted(node.members()), here)


def create_array(arguments: list, here: Node) -> Node:
    return Node([evaluate(each, here) for each in arguments], here.where, here.scope)


def create_object(arguments: list, here: Node) -> Node:
    given = [evaluate(each, here) for each in arguments]
    if not all(isinstance(each.value, str) for each in given[::2]) or len(given) % 2:
        return unknown("createObject() with names that are not known", here)
    return Node(
        {name.value: value for name, value in zip(given[::2], given[1::2], strict=True)}, here.where, here.scope
    )


def choice(arguments: list, here: Node) -> Node:
    """if(): only the branch that is taken is evaluated."""
    if len(arguments) != 3:
        raise ExpressionError(f"if() with {len(arguments)} arguments", "three: condition, then, else")
    asked = evaluate(arguments[0], here)
    if not asked.known or not isinstance(asked.value, bool):
        return unknown(asked.unknown or "if() with a condition that is neither true nor false", here)
    return evaluate(arguments[1 if asked.value else 2], here)


def coalesce(arguments: list, here: Node) -> Node:
    for each in arguments:
        found = evaluate(each, here)
        if found.unknown or found.value is not None:
            return found
    return result(None, here)


def copy_index(arguments: list, here: Node) -> Node:
    """The turn of a loop: that of the resource, or the one that is named; plus an offset."""
    given = [evaluate(each, here).value for each in arguments]
    name = given.pop(0).lower() if given and isinstance(given[0], str) else ""
    if name not in here.scope.loops:
        raise ExpressionError("copyIndex() outside its loop", "it inside the loop of that name")
    turn = here.scope.loops[name]
    offset = given[0] if given and isinstance(given[0], int) else 0
    return (
        unknown("copyIndex() of a loop whose count is not known", here) if turn is None else result(turn + offset, here)
    )


# --- functions of the place ---


def base_of(level: str) -> str:
    """The resource ID of the place at which a template is deployed."""
    subscription = f"/subscriptions/{SUBSCRIPTION}"
    return {"subscription": subscription, "resourceGroup": f"{subscription}/resourceGroups/{GROUP}"}.get(level, "")


def id_of(level: str, given: list[str]) -> str:
    """A resource ID of [subscription,] [group,] type, names…"""
    at = next(index for index, each in enumerate(given) if "/" in each)
    before, (kind, *names) = given[:at], given[at:]
    first_part, *types = kind.strip("/").split("/")
    base = base_of(level)
    if before:
        base = (
            f"/subscriptions/{before[0]}"
            if len(before) == 2 or level == "subscription"
            else f"/subscriptions/{SUBSCRIPTION}"
        )
        base += f"/resourceGroups/{before[-1]}" if len(before) == 2 or level == "resourceGroup" else ""
    pairs = zip(types, names, strict=True)
    return "/".join([f"{base}/providers/{first_part}", *(part for pair in pairs for part in pair)])


def ids(level: str) -> Callable:
    def call(arguments: list, here: Node) -> Node:
        given = [evaluate(each, here) for each in arguments]
        for each in given:
            if each.unknown:
                return unknown(each.unknown, here)
        try:
            values = [each.value for each in given]
            if level == "extension":
                return result(values[0] + id_of("tenant", values[1:]), here)
            return result(id_of(level or here.scope.level, values), here)
        except (TypeError, ValueError, StopIteration, LookupError, AttributeError):
            return here.fault(
                "a resource ID with a name too many or too few", "one name for each part of the type after the first"
            )

    return call


def place(kind: str) -> Callable:
    """subscription(), resourceGroup(), tenant(): what is known of them before a deployment."""

    def call(arguments: list, here: Node) -> Node:
        level = here.scope.level
        known: dict[str, Any] = {"id": base_of(kind), "subscriptionId": SUBSCRIPTION, "tenantId": CUSTOMER}
        if kind == "resourceGroup":
            known = {"id": base_of(kind), "name": GROUP}
        elif kind == "tenant":
            known = {"tenantId": CUSTOMER}
        if level not in ("subscription", "resourceGroup") and kind != "tenant":
            return unknown(f"{kind}() is known only to Azure", here)
        rest = {
            name: unknown(f"{kind}().{name} is known only to Azure", here)
            for name in ("displayName", "location", "tags", "managedBy")
        }
        return Node(known | rest, here.where, here.scope.as_text())

    return call


SHAPES: dict[str, Callable] = {
    "parameters": named("parameters"),
    "variables": named("variables"),
    "if": choice,
    "coalesce": coalesce,
    "copyindex": copy_index,
    "createarray": create_array,
    "createobject": create_object,
    "resourceid": ids(""),
    "subscriptionresourceid": ids("subscription"),
    "tenantresourceid": ids("tenant"),
    "extensionresourceid": ids("extension"),
    "subscription": place("subscription"),
    "resourcegroup": place("resourceGroup"),
    "tenant": place("tenant"),
    "shallowmerge": shallow_merge,
    "objectkeys": object_keys,
}
for shape in (concat, union, intersection, length, empty, contains, first, last, take, skip, array, flatten, items):
    SHAPES[shape.__name__] = shape
