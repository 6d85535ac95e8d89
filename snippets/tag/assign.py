# /// script
# dependencies = ["azure-identity"]
# ///
from uuid import uuid4

from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import InteractiveBrowserCredential

object_id = "55555555-5555-5555-5555-555555555555"
role = "cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e"  # Support Request Contributor
subscriptions = ["33333333-3333-3333-3333-333333333333", "34343434-3434-3434-3434-343434343434"]

you = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")
sign = BearerTokenCredentialPolicy(you, "https://management.azure.com/.default")
client = PipelineClient("https://management.azure.com", policies=[RetryPolicy(), sign])

for subscription in subscriptions:
    scope = f"/subscriptions/{subscription}"
    authorization = f"{scope}/providers/Microsoft.Authorization"
    properties = {
        "roleDefinitionId": f"{authorization}/roleDefinitions/{role}",
        "principalId": object_id,
        "principalType": "ServicePrincipal",
    }
    url = f"https://management.azure.com{authorization}/roleAssignments/{uuid4()}?api-version=2022-04-01"
    response = client.send_request(HttpRequest("PUT", url, json={"properties": properties}))
    if response.status_code != 409:  # 409: it has this role here already
        response.raise_for_status()
    print(scope)
