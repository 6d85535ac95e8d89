"""STAND-IN for Microsoft's Azure CLI extension `managementpartner`, used only by this project's tests.

Microsoft publishes the current extension outside the package registries that the tests can reach. This one has the same four
commands and arguments (public command reference) and is held to the same requests, output and exit codes by
tests/test_extension.py. It calls Microsoft's own Python SDK for the request itself. Nothing here is Microsoft's code.
"""

from azure.cli.core import AzCommandsLoader
from azure.cli.core.commands import CliCommandType
from azure.cli.core.commands.client_factory import get_mgmt_service_client
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI
from knack.help_files import helps

helps["managementpartner"] = "type: group\nshort-summary: Link a partner ID to the signed-in identity (test stand-in)."
for _verb, _summary in {
    "create": "Link the signed-in identity to a partner ID.",
    "show": "Show the link of the signed-in identity.",
    "update": "Change the partner ID of the link.",
    "delete": "Remove the link.",
}.items():
    helps[f"managementpartner {_verb}"] = f"type: command\nshort-summary: {_summary}"


def _flat(pipeline_response, *_):
    """The resource as the service sent it, with `properties` lifted to the top as the published command prints it."""
    body = pipeline_response.http_response.json()
    return body | body.pop("properties")


def _partner(cmd):
    return get_mgmt_service_client(cmd.cli_ctx, ACEProvisioningManagementPartnerAPI, subscription_bound=False).partner


def create(cmd, partner_id):
    return _partner(cmd).create(partner_id, cls=_flat)


def show(cmd, partner_id=""):
    # Without an ID the published command asks for `…/partners/`, slash included (recorded).
    return _partner(cmd).get(partner_id, cls=_flat)


def update(cmd, partner_id):
    return _partner(cmd).update(partner_id, cls=_flat)


def delete(cmd, partner_id):
    _partner(cmd).delete(partner_id)


def _table(link):
    """The published table leaves out etag, id and type (recorded)."""
    return {
        name[0].upper() + name[1:]: value for name, value in sorted(link.items()) if name not in {"etag", "id", "type"}
    }


class ManagementPartnerCommands(AzCommandsLoader):
    def __init__(self, cli_ctx=None):
        super().__init__(cli_ctx=cli_ctx, custom_command_type=CliCommandType(operations_tmpl=f"{__name__}#{{}}"))

    def load_command_table(self, args):
        with self.command_group("managementpartner") as group:
            for verb in ("create", "show", "update"):
                group.custom_command(verb, verb, table_transformer=_table)
            group.custom_command("delete", "delete")
        return self.command_table

    def load_arguments(self, command):
        with self.argument_context("managementpartner") as arguments:
            arguments.argument("partner_id", options_list=["--partner-id"], help="Partner ID (location account).")


COMMAND_LOADER_CLS = ManagementPartnerCommands
