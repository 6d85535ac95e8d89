# /// script
# dependencies = ["azure-identity"]
# ///
from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import InteractiveBrowserCredential

subscription = "33333333-3333-3333-3333-333333333333"
group = identity = "partner-admin-link"
new = {
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:fabrikam@1001/partner-admin-link@2002:environment:partner-admin-link",
    "audiences": ["api://AzureADTokenExchange"],
}
you = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")
sign = BearerTokenCredentialPolicy(you, "https://management.azure.com/.default")
client = PipelineClient("https://management.azure.com", policies=[RetryPolicy(), sign])
url = (
    f"https://management.azure.com/subscriptions/{subscription}/resourceGroups/{group}"
    f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}"
    "/federatedIdentityCredentials/github-partner-admin-link?api-version=2023-01-31"
)
answer = client.send_request(HttpRequest("PUT", url, json={"properties": new}))
if answer.status_code >= 400:
    raise SystemExit(answer.text())

print(answer.json())
