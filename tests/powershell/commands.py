"""Every command and parameter against the reference, bound as PowerShell would bind them.

Rules: about_Parameter_Binding, about_Parameter_Sets, about_CommonParameters, about_Splatting
(MicrosoftDocs/PowerShell-Docs, reference/7.5). Not checked: types, dynamic parameters, ambiguous
parameter sets, .NET calls, whether piped objects fit, arguments of native commands and of the
text's own functions.
"""

import difflib
import re
from pathlib import Path
from typing import NamedTuple

from tree_sitter import Node

from .reference import Cmdlet, Parameter, reference
from .tree import Found, bare, command_name, literals, parse, report, text, walk

NATIVE = frozenset({"az"})  # pass in others; `curl` is an alias in Windows PowerShell 5.1
FLOW = {"exit", "throw", "return", "break", "continue"}  # parsed as commands after && and ||
OPENING = {"{", "(", "[", "@{", "@(", "$("}


class Call(NamedTuple):
    """A use of a cmdlet: what it gets by name and by position (with the switch before it)."""

    cmdlet: Cmdlet
    node: Node
    given: dict[str, Node | None]
    positional: list[tuple[Node, str]]

    @property
    def piped(self) -> bool:
        """Whether something is piped into it."""
        return self.node.prev_sibling is not None and self.node.prev_sibling.type == "|"


def check(source: str | Path, native: frozenset[str] = NATIVE, name: str = "snippet") -> list[str]:
    """Return `file:line: found → write` for all that is wrong in a text, or in the file at a Path.

    `native` names the programs that may be called (lower case); `name` stands for the file of a
    text. A syntax error hides all other findings. Raises OSError for an unreadable file.
    """
    root = parse(source)
    return report(source, name, list(_syntax(root)) or _commands(root, native))


def _syntax(root: Node) -> Found:
    for node in walk(root):
        opened = [c for c in node.children if c.type in OPENING] if node.is_error else []
        if node.is_missing:
            yield node, f"`{node.type}` is missing → add it"
        elif opened:
            yield opened[-1], f"`{opened[-1].type}` is never closed → close it or repair its inside"
        elif node.is_error:
            yield node, f"`{text(node).strip()[:60]}` cannot be parsed → repair the syntax"
        elif node.type == "generic_token" and node.text.startswith(b"<"):
            yield node, f"`{text(node)}`: PowerShell reserves `<` → a quoted value"


def _commands(root: Node, native: frozenset[str]) -> Found:
    known, aliases = reference()
    allowed = FLOW | native | {text(node).lower() for node in walk(root, "function_name")}
    for node in walk(root, "command"):
        name = command_name(node)
        if re.match(r"\{|\d+\.\.", name) or name.lower() in allowed:
            continue  # a script block, a range that the grammar takes for a command
        if name.lower() in known:
            yield from _bind(Call(known[name.lower()], node, {}, []), root)
        elif name.lower() in aliases:
            yield node, f"alias {name} → {aliases[name.lower()]}"
        elif not re.fullmatch(r"[\w-]+", name):
            yield node, f"`{name}` cannot be checked → call a command by its name"
        else:
            near = difflib.get_close_matches(name.lower(), known, 1, 0.8)
            advice = known[near[0]].name if near else "a known command, or add it to the reference"
            yield node, f"unknown command {name} → {advice}"


def _bind(call: Call, root: Node) -> Found:
    cmdlet, tokens, after, wrong = call.cmdlet, _tokens(call.node), "", []
    while tokens:
        node, _ = tokens.pop(0)
        if re.match(rb"@[A-Za-z]", node.text):
            wrong += _splat(call, node, root)
        elif node.type != "command_parameter":
            call.positional.append((node, after))
            after = ""
        elif name := cmdlet.names.get(text(node)[1:].lower()):
            after = name if name in cmdlet.switches else ""
            takes = tokens and (tokens[0][1] if after else tokens[0][0].type != "command_parameter")
            wrong += _give(call, node, name, tokens.pop(0)[0] if takes else None)
        else:
            wrong.append((node, _unknown(cmdlet, text(node)[1:])))
    yield from wrong or _fit(call)


def _tokens(command: Node) -> list[tuple[Node, bool]]:
    """Return the arguments, each with whether a colon ties it to the parameter before it.

    The grammar cuts `(Get-Date).AddDays(1)` in two: what follows without a gap is left out.
    """
    tokens, gap = [], " "
    for node in (c for part in command.children if "elements" in part.type for c in part.children):
        if node.type == "command_argument_sep":
            gap += text(node)
        elif gap and node.type != "redirection":
            tokens.append((node, ":" in gap))
            gap = ""
    return tokens


def _unknown(cmdlet: Cmdlet, name: str) -> str:
    low = name.lower()
    full = [n for k, n in cmdlet.names.items() if k.startswith(low)]
    full = [cmdlet.aliases[low]] if low in cmdlet.aliases else full
    near = [cmdlet.names[n] for n in difflib.get_close_matches(low, cmdlet.names, 1)]
    if low in ("whatif", "confirm"):
        advice = "leave it out: this cmdlet does not support ShouldProcess"
    elif full:
        advice = f"-{full[0]} (full names only)"
    else:
        own = [n for n in cmdlet.names.values() if n not in cmdlet.common]
        advice = " ".join(f"-{n}" for n in near or own)
    return f"{cmdlet.name} has no -{name} → {advice}"


def _give(call: Call, node: Node, name: str, value: Node | None) -> Found:
    """Note that a parameter is given; find what is wrong with that and with a literal value."""
    what, values = f"{call.cmdlet.name} -{name}", literals(value) if value else []
    allowed, switch = call.cmdlet.values.get(name, ""), name in call.cmdlet.switches
    if name in call.given:
        yield node, f"{what} is given twice → give it once"
    elif switch and values:
        yield node, f"{what} {values[0]}: a switch takes no value → -{name}"
    elif value is None and not switch:
        yield node, f"{what} has no value → put its value after it"
    elif allowed and (bad := [v for v in values if v.lower() not in allowed.lower().split()]):
        yield node, f"{what} {bad[0]} is not accepted → one of: {allowed}"
    call.given[name] = value


def _splat(call: Call, node: Node, root: Node) -> Found:
    """Give a hashtable's entries, if one literal assignment is all that happens to it before."""
    name, table = text(node)[1:], None
    uses = [v for v in walk(root, "variable") if text(v).lower() == f"${name}".lower()]
    uses = [v for v in uses if v.start_byte < node.start_byte]
    for assignment in walk(root, "assignment_expression"):
        left, sign, right = assignment.children[:3]
        if [bare(left)] == uses and sign.text == b"=":
            table = bare(right)
    if table is None or table.type != "hash_literal_expression":
        yield node, f"@{name} cannot be checked → assign it once before, as one literal @{{ … }}"
        return
    for entry in (e for e in walk(table, "hash_entry") if e.parent.parent == table):
        key = text(entry.children[0]).strip("\"'")
        if full := call.cmdlet.names.get(key.lower()):
            yield from _give(call, node, full, entry.children[-1])
        else:
            yield entry, _unknown(call.cmdlet, key)


def _fit(call: Call) -> Found:
    """Find that no parameter set takes all that is given and has its mandatory ones satisfied."""
    name, count = call.cmdlet.name, len(call.positional)
    given = call.given.keys() - call.cmdlet.common
    holding = [s for s in call.cmdlet.sets if given <= {p.name for p in s}]
    roomy = [s for s in holding if len(_free(s, given)) >= count]
    bound = [(s, given.union(_free(s, given)[:count])) for s in roomy]
    fed = [(s, b) for s, b in bound if not call.piped or any(p.piped for p in s if p.name not in b)]
    lacking = [_lacking(s, b, call.piped) for s, b in fed]
    if not holding:
        together = " ".join(f"-{n}" for n in call.given if n in given)
        yield call.node, f"{name}: no parameter set has {together} together → leave one out"
    elif not roomy:
        node, after = call.positional[max(len(_free(s, given)) for s in holding)]
        why = f"the switch -{after} takes no value" if after else "no parameter takes it"
        yield node, f"{name} {text(node)}: {why} → leave it out, or name its parameter"
    elif not fed:
        yield call.node, f"{name} takes nothing from this pipeline → pass it by a parameter"
    elif all(lacking):
        least = [m for m in lacking if m.count(" ") == min(m.count(" ") for m in lacking)]
        yield call.node, f"{name} lacks what is mandatory → {', or '.join(dict.fromkeys(least))}"
    else:
        names = _free(fed[lacking.index("")][0], given)
        for (node, _), parameter in zip(call.positional, names, strict=False):
            yield from _give(call, node, parameter, node)


def _free(parameters: list[Parameter], given: set[str]) -> list[str]:
    """Return a set's positional parameters that are not given by name, in their order."""
    left = [p for p in parameters if p.order and p.name not in given]
    return [p.name for p in sorted(left, key=lambda p: int(p.order))]


def _lacking(parameters: list[Parameter], bound: set[str], piped: bool) -> str:
    """Return the mandatory parameters of a set that are neither bound nor fed by the pipeline."""
    left = [p for p in parameters if p.mandatory and p.name not in bound]
    return " ".join(f"-{p.name}" for p in left if not (piped and p.piped))
