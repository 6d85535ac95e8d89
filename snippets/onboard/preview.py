# /// script
# dependencies = ["azure-identity", "azure-mgmt-resource-deployments"]
# ///
import json
from pathlib import Path

from azure.identity import InteractiveBrowserCredential
from azure.mgmt.resource.deployments import DeploymentsMgmtClient

credential = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")
client = DeploymentsMgmtClient(credential, "33333333-3333-3333-3333-333333333333")
properties = {
    "mode": "Incremental",
    "template": json.loads(Path("sp.json").read_text("utf-8")),
    "parameters": json.loads(Path("sp.parameters.json").read_text("utf-8"))["parameters"],
}
deployment = {"location": "westeurope", "properties": properties}
preview = client.deployments.begin_what_if_at_subscription_scope("lighthouse", deployment).result()
for change in preview.properties.changes:
    print(change.change_type, change.resource_id)
