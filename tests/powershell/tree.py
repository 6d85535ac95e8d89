"""PowerShell text as a syntax tree.

Parser: tree-sitter-pwsh 0.38.1, not tree-sitter-powershell 0.26.4 (both of May 2026). Of 10,415
blocks in MicrosoftDocs/azure-docs-powershell and MicrosoftDocs/PowerShell-Docs, 765 parse only with
the first, 3 only with the second. Where it refuses what PowerShell takes: put a switch clause, and
what follows `param(…)`, on a line of its own; quote a bare word after an expression in a list; put
a chain of method calls that is an argument into brackets.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

Found = Iterable[tuple[Node | int, str]]  # a node or a row from 0, and `found → write`
WRAPPERS = {"assignment_value", "left_assignment_expression", "pipeline", "pipeline_chain"}
WRAPPERS |= {"unary_expression", "string_literal", "integer_literal"}


def parse(source: str | Path) -> Node:
    """Return the syntax tree of a text, or of the file at a Path (OSError if unreadable)."""
    content = source.read_text("utf-8") if isinstance(source, Path) else source
    return Parser(Language(tree_sitter_pwsh.language())).parse(content.encode()).root_node


def report(source: str | Path, name: str, found: Found) -> list[str]:
    """Return each finding once, as `file:line: message`, in the order of lines."""
    label = source.as_posix() if isinstance(source, Path) else name
    rows = {(at if isinstance(at, int) else at.start_point.row, message) for at, message in found}
    return [f"{label}:{row + 1}: {message}" for row, message in sorted(rows)]


def walk(node: Node, *types: str) -> Iterator[Node]:
    """Yield a node and all below it in the order of the text; with `types` only those."""
    if not types or node.type in types:
        yield node
    for child in node.children:
        yield from walk(child, *types)


def around(node: Node, *types: str) -> Iterator[Node]:
    """Yield the nodes of these types that a node stands in, from the inside out."""
    while node := node.parent:
        if node.type in types:
            yield node


def text(node: Node) -> str:
    """Return the source text of a node."""
    return node.text.decode()


def command_name(command: Node) -> str:
    """Return what a command is called by: a name without quotes, a script block, an expression."""
    return next((text(c).strip("\"'") for c in command.children if "name" in c.type), "")


def bare(node: Node) -> Node:
    """Return the expression inside nodes that add nothing to it."""
    while node.type in WRAPPERS and node.named_child_count == 1:
        node = node.named_children[0]
    return node


def literals(node: Node) -> list[str]:
    """Return the literal values of an argument: none where a variable or expression decides."""
    node = bare(node)
    if node.type in ("array_literal_expression", "bareword_argument_list"):
        return [value for child in node.named_children for value in literals(child)]
    plain = node.type == "generic_token" or node.type.endswith(("integer_literal", "characters"))
    plain = plain or (node.type == "expandable_string_literal" and not node.named_children)
    return [text(node).strip("\"'")] if plain else []
