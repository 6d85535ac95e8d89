# /// script
# dependencies = ["azure-identity", "requests"]
# ///
import requests
from azure.identity import InteractiveBrowserCredential

subscription = "33333333-3333-3333-3333-333333333333"
group = identity = "partner-admin-link"
new = {
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:fabrikam@1001/partner-admin-link@2002:environment:partner-admin-link",
    "audiences": ["api://AzureADTokenExchange"],
}
credential = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")
token = credential.get_token("https://management.azure.com/.default").token
url = (
    f"https://management.azure.com/subscriptions/{subscription}/resourceGroups/{group}"
    f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}"
    "/federatedIdentityCredentials/github-partner-admin-link?api-version=2023-01-31"
)
answer = requests.put(url, json={"properties": new}, headers={"Authorization": f"Bearer {token}"}, timeout=30)
if not answer.ok:
    raise SystemExit(answer.text)

print(answer.json())
