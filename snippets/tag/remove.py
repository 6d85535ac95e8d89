# /// script
# dependencies = ["azure-identity"]
# ///
from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import InteractiveBrowserCredential

name = "Partner Admin Link 1234567"
client_id = "44444444-4444-4444-4444-444444444444"
object_id = "55555555-5555-5555-5555-555555555555"
subscriptions = ["33333333-3333-3333-3333-333333333333", "34343434-3434-3434-3434-343434343434"]

you = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")


def call(method, host, path, **params):
    policies = [RetryPolicy(), BearerTokenCredentialPolicy(you, f"https://{host}/.default")]
    request = HttpRequest(method, f"https://{host}{path}", params=params)
    response = PipelineClient(f"https://{host}", policies=policies).send_request(request)
    response.raise_for_status()
    return response


query = {"$filter": f"appId eq '{client_id}'"}
found = call("GET", "graph.microsoft.com", "/v1.0/servicePrincipals", **query).json()["value"]
if [(principal["id"], principal["displayName"]) for principal in found] != [(object_id, name)]:
    raise ValueError(f"{client_id} and {object_id} are not those of '{name}'. Nothing was removed.")

version = {"api-version": "2022-04-01"}
for subscription in subscriptions:
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
    query = version | {"$filter": f"principalId eq '{object_id}'"}
    for held in call("GET", "management.azure.com", path, **query).json()["value"]:
        # Also those at resource groups below it, but none from a management group above it.
        if held["properties"]["scope"].startswith("/subscriptions/"):
            call("DELETE", "management.azure.com", held["id"], **version)

call("DELETE", "graph.microsoft.com", f"/v1.0/applications(appId='{client_id}')")
print("Removed.")
