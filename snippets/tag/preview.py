# /// script
# dependencies = ["azure-identity"]
# ///
from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import InteractiveBrowserCredential

name = "Partner Admin Link 1234567"
object_id = "55555555-5555-5555-5555-555555555555"
subscriptions = ["33333333-3333-3333-3333-333333333333", "34343434-3434-3434-3434-343434343434"]

you = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")


def get(host, path, **params):
    policies = [RetryPolicy(), BearerTokenCredentialPolicy(you, f"https://{host}/.default")]
    request = HttpRequest("GET", f"https://{host}{path}", params=params)
    response = PipelineClient(f"https://{host}", policies=policies).send_request(request)
    response.raise_for_status()
    return response.json()["value"]


def arm(path, version, **params):
    return get("management.azure.com", path, **{"api-version": version}, **params)


for found in get("graph.microsoft.com", "/v1.0/servicePrincipals", **{"$filter": f"displayName eq '{name}'"}):
    print({key: found[key] for key in ("displayName", "appId", "id", "accountEnabled")})

visible = {s["subscriptionId"]: s["displayName"] for s in arm("/subscriptions", "2022-12-01")}
for subscription in subscriptions:
    if subscription not in visible:
        raise LookupError(f"Subscription {subscription} is not visible to you")
    print(subscription, visible[subscription])
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
    for held in arm(path, "2022-04-01", **{"$filter": f"principalId eq '{object_id}'"}):
        print("  ", held["properties"]["roleDefinitionId"], "at", held["properties"]["scope"])
