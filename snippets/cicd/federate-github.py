# /// script
# dependencies = ["azure-identity", "requests"]
# ///
import requests
from azure.identity import InteractiveBrowserCredential

client_id = "44444444-4444-4444-4444-444444444444"
new = {
    "name": "github-partner-admin-link",
    "issuer": "https://token.actions.githubusercontent.com",
    "subject": "repo:fabrikam@1001/partner-admin-link@2002:environment:partner-admin-link",
    "audiences": ["api://AzureADTokenExchange"],
}
credential = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")
graph = requests.Session()
graph.headers["Authorization"] = f"Bearer {credential.get_token('https://graph.microsoft.com/.default').token}"
url = f"https://graph.microsoft.com/v1.0/applications(appId='{client_id}')/federatedIdentityCredentials"
answer = graph.post(url, json=new, timeout=30)
if not answer.ok:
    raise SystemExit(answer.text)

print(answer.json())
