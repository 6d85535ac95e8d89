"""Lower the little Bicep that the offers use to the ARM template that its compiler makes of it.

The compiler is in no package registry that these tests can count on. So this walks the syntax tree
of tree-sitter-bicep, and refuses whatever the offers do not use. `metadata._generator` is left out.
https://learn.microsoft.com/azure/azure-resource-manager/bicep/deploy-to-resource-group
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))
SCHEMAS = {
    "subscription": "2018-05-01/subscriptionDeploymentTemplate.json#",
    "resourceGroup": "2019-04-01/deploymentTemplate.json#",
}
DEPLOYMENTS = "2022-09-01"  # Bicep's own choice for modules; it moves with the compiler


def lower(path: Path) -> dict[str, Any]:
    """The ARM template of a Bicep file and its modules. SyntaxError for what is not understood."""
    tree = PARSER.parse(path.read_bytes())
    if tree.root_node.has_error:
        raise SyntaxError(f"{path.name} is not Bicep")
    return File(path, tree.root_node).template


class File:
    """One Bicep file. `names`: symbol -> ARM expression, `ids`: resource -> that of its ID."""

    def __init__(self, path: Path, root: Node):
        self.path, self.names, self.ids = path, {}, {}
        self.description = ""
        self.template: dict[str, Any] = {"contentVersion": "1.0.0.0", "resources": []}
        target = "resourceGroup"
        for node in root.named_children:
            kind = node.type.removesuffix("_declaration")
            if kind == "target_scope_assignment":
                target = self.value(node.named_children[0])
            elif kind == "decorators":
                self.decorate(node)
            elif kind != "comment":
                getattr(self, kind, self.refuse)(node)
        schemas = "https://schema.management.azure.com/schemas/"
        self.template["$schema"] = schemas + SCHEMAS[target]

    def refuse(self, node: Node) -> Any:
        line = node.start_point[0] + 1
        raise SyntaxError(f"{self.path.name}:{line}: {node.type} is not used in offers")

    def decorate(self, node: Node) -> None:
        name, arguments = node.named_children[0].named_children[0].named_children
        if name.text != b"description":
            self.refuse(node)
        self.description = self.value(arguments.named_children[0])

    def metadata(self, node: Node) -> None:
        name, value = node.named_children
        self.template.setdefault("metadata", {})[name.text.decode()] = self.value(value)

    def parameter(self, node: Node) -> None:
        name, kind, *default = node.named_children
        declared: dict[str, Any] = {"type": kind.text.decode()}
        if default:
            declared["defaultValue"] = self.value(default[0])
        if self.description:
            declared["metadata"] = {"description": self.description}
            self.description = ""
        self.names[name.text] = f"parameters('{name.text.decode()}')"
        self.template.setdefault("parameters", {})[name.text.decode()] = declared

    def variable(self, node: Node) -> None:
        name, value = node.named_children
        self.names[name.text] = f"variables('{name.text.decode()}')"
        self.template.setdefault("variables", {})[name.text.decode()] = self.value(value)

    def output(self, node: Node) -> None:
        name, kind, value = node.named_children
        declared = {"type": kind.text.decode(), "value": self.value(value)}
        self.template.setdefault("outputs", {})[name.text.decode()] = declared

    def resource(self, node: Node) -> None:
        symbol, what, body = node.named_children
        resource: dict[str, Any] = {}
        if body.type == "if_statement":
            condition, body = body.named_children
            resource["condition"] = f"[{self.expression(condition.named_children[0])}]"
        kind, _, version = self.value(what).partition("@")
        resource |= {"type": kind, "apiVersion": version, **self.value(body), **self.depends(body)}
        name = str(resource["name"]).strip("[]")
        self.ids[symbol.text] = f"subscriptionResourceId('{kind}', {name})"
        self.template["resources"].append(resource)

    def module(self, node: Node) -> None:
        symbol, file, loop = node.named_children
        names, array, body = loop.named_children
        item, index = names.named_children
        over = self.expression(array)
        self.names |= {item.text: f"{over}[copyIndex()]", index.text: "copyIndex()"}
        pairs = (pair.named_children for pair in body.named_children)
        members = {name.text: value for name, value in pairs}
        group = members[b"scope"].named_children[1].named_children[0]
        self.template["resources"].append(
            {
                "copy": {"name": symbol.text.decode(), "count": f"[length({over})]"},
                "type": "Microsoft.Resources/deployments",
                "apiVersion": DEPLOYMENTS,
                "name": self.value(members[b"name"]),
                "resourceGroup": f"[{self.expression(group)}]",
                "properties": {
                    "expressionEvaluationOptions": {"scope": "inner"},
                    "mode": "Incremental",
                    "parameters": {name: {"value": value} for name, value in self.value(members[b"params"]).items()},
                    "template": lower(self.path.parent / self.value(file)),
                },
                **self.depends(body),
            }
        )

    def depends(self, body: Node) -> dict[str, list[str]]:
        """References to other resources become dependsOn."""
        text = body.text
        used = [f"[{id_}]" for symbol, id_ in self.ids.items() if symbol + b".id" in text]
        return {"dependsOn": used} if used else {}

    def value(self, node: Node) -> Any:
        """JSON for literals, "[expression]" for the rest."""
        match node.type:
            case "object":
                pairs = [each for each in node.named_children if each.type != "comment"]
                return {pair.named_children[0].text.decode(): self.value(pair.named_children[1]) for pair in pairs}
            case "array":
                return [self.value(each) for each in node.named_children if each.type != "comment"]
            case "string" if all(each.type == "string_content" for each in node.named_children):
                return "".join(each.text.decode() for each in node.named_children)
        return f"[{self.expression(node)}]"

    def expression(self, node: Node) -> str:
        """The ARM expression, without brackets."""
        children = node.named_children
        match node.type:
            case "identifier" if node.text in self.names:
                return self.names[node.text]
            case "member_expression" if children[0].text in self.ids and children[1].text == b"id":
                return self.ids[children[0].text]
            case "member_expression":
                return f"{self.expression(children[0])}.{children[1].text.decode()}"
            case "call_expression":
                arguments = ", ".join(map(self.expression, children[1].named_children))
                return f"{children[0].text.decode()}({arguments})"
            case "string":
                return self.text(children)
        return self.refuse(node)

    def text(self, parts: list[Node]) -> str:
        """'text', or format('text {0}', ...) when something is interpolated."""
        pattern, values = "", []
        for part in parts:
            if part.type == "interpolation":
                pattern += f"{{{len(values)}}}"
                values.append(self.expression(part.named_children[0]))
            elif part.type == "string_content":
                pattern += part.text.decode()
            else:
                self.refuse(part)
        return f"format('{pattern}', {', '.join(values)})" if values else f"'{pattern}'"
