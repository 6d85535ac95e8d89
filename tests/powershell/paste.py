"""What would harm a reader who pastes a block of PowerShell into a live shell.

Rules: about_Language_Keywords (`exit`), about_Scopes, about_Preference_Variables
(MicrosoftDocs/PowerShell-Docs, reference/7.5). Az cmdlets report an error, a failed sign-in too,
without stopping what follows (Azure/azure-powershell-common, AzurePSCmdlet.cs). Generated cmdlets: Azure/autorest.powershell
issue 846 and Azure/azure-powershell issue 21688.
"""

import re
from pathlib import Path

from tree_sitter import Node

from .reference import reference
from .tree import Found, around, command_name, parse, report, text, walk

SIGN_IN = r"""(?i)[&."' ]*(Connect-AzAccount|Connect-MgGraph|Set-AzContext|az["']?\s+login)\b"""
PREFERENCE = r"(?i)\$((global|script):)?(\w+Preference|PSDefaultParameterValues)$"
STOP = r"(?i)\$ErrorActionPreference\s*=\s*[\"']Stop[\"']"
PLACEHOLDER = r"<[A-Za-z][\w .-]*>"
ACTS = ("command", "invocation_expression")


def paste_safe(source: str | Path, name: str = "snippet") -> list[str]:
    """Return `file:line: found → write` for all that makes a text, or a Path's file, unsafe.

    The shell stays open and keeps its preferences, nothing acts after a failed sign-in, nothing is
    left to fill in. `name` stands for the file of a text. Raises OSError for an unreadable file.
    """
    root = parse(source)
    rules = (_shell_kept, _signed_in, _stopped, _ready_to_run)
    return report(source, name, [found for rule in rules for found in rule(root)])


def _shell_kept(root: Node) -> Found:
    for node in walk(root, "flow_control_statement", "command"):
        if node.children[0].text.lower() == b"exit":
            yield node, "`exit` ends the reader's shell, inside a block too → throw"
    for node in walk(root, "assignment_expression"):
        target, outer = text(node.children[0]), around(node, "function_statement", "command")
        own_scope = any(o.type == "function_statement" or text(o)[0] == "&" for o in outer)
        if re.match(PREFERENCE, target) and (":" in target or not own_scope):
            yield node, f"{target} changes the reader's shell → set it inside `& {{ … }}`"


def _signed_in(root: Node) -> Found:
    lists = [child for child in root.children if child.type == "statement_list"]
    statements = [child for each in lists for child in each.named_children]
    for number, statement in enumerate(statements):
        later = [s for s in statements[number + 1 :] if s.type != "function_statement"]
        for node in (n for n in walk(statement, "command") if re.match(SIGN_IN, text(n))):
            name, line = command_name(node), next(around(node, "pipeline"))
            if any(True for s in later for _ in walk(s, *ACTS)):
                yield node, f"{name} apart from what follows → all in one `& {{ … }}`"
            elif _acts_after(line, statement) and (cure := _cure(node, line, statement)):
                yield node, f"what follows acts even if {name} fails → {cure}"


def _acts_after(node: Node, statement: Node) -> bool:
    return any(act.start_byte > node.end_byte for act in walk(statement, *ACTS))


def _cure(command: Node, line: Node, statement: Node) -> str:
    """Return what stops a block when its sign-in fails, or nothing if it does stop."""
    for attempt in around(command, "try_statement"):
        thrown = re.search(r"(?is)\bcatch\b.*\b(throw|return)\b", text(attempt))
        if not thrown and _acts_after(attempt, statement):
            return "throw in the catch block"
    if command_name(command).lower() == "az":
        after = line.next_named_sibling
        checked = after is not None and "$lastexitcode" in text(after).lower()
        return "" if checked else "`if ($LASTEXITCODE) { throw … }` right after it"
    if action := re.search(r"(?i)\s-ErrorAction[\s:]+[\"']?(\w+)", text(command)):
        return "" if action[1].lower() == "stop" else "-ErrorAction Stop"
    for node in walk(statement, "assignment_expression"):
        block = next(around(node, "statement_list"))
        if re.match(STOP, text(node)) and node.end_byte < command.start_byte < block.end_byte:
            return ""
    return '$ErrorActionPreference = "Stop" before it, inside the block'


def _stopped(root: Node) -> Found:
    """Find generated cmdlets that a block's preference does not stop, or that act as somebody else."""
    known = reference()[0]
    for node in walk(root, "command"):
        cmdlet = known.get(command_name(node).lower())
        if cmdlet is None or not cmdlet.generated:
            continue
        if not re.search(r"(?i)\s-ErrorAction\b", text(node)):
            yield node, f"{cmdlet.name} does not see a block's $ErrorActionPreference → -ErrorAction Stop"
        if re.search(r"(?i)\s-DefaultProfile\b", text(node)):
            yield node, f"{cmdlet.name} ignores -DefaultProfile → Set-AzContext before it"


def _ready_to_run(root: Node) -> Found:
    aliases = reference()[1]
    for node in walk(root, "command"):
        if (name := command_name(node)).lower() in aliases:
            yield node, f"alias {name} → {aliases[name.lower()]}"
    for row, line in enumerate(root.text.splitlines(), root.start_point.row):
        end = len(line.rstrip())
        last = root.descendant_for_point_range((row, max(end - 1, 0)), (row, end)).type
        if line.rstrip().endswith(b"`") and not re.search("string|comment", last):
            yield row, "a backtick continues the line → one line, or splat @{ … }"
        for found in re.findall(PLACEHOLDER, line.decode()):
            yield row, f"{found} is left to fill in → a quoted sample value that works"
