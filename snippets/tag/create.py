# /// script
# dependencies = ["azure-identity", "azure-mgmt-managementpartner"]
# ///
import time
from datetime import UTC, datetime, timedelta

from azure.core import PipelineClient
from azure.core.exceptions import ClientAuthenticationError, ResourceNotFoundError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential, InteractiveBrowserCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI

partner_id = "1234567"
tenant = "11111111-1111-1111-1111-111111111111"
name = f"Partner Admin Link {partner_id}"

you = InteractiveBrowserCredential(tenant_id=tenant)
sign = BearerTokenCredentialPolicy(you, "https://graph.microsoft.com/.default")
client = PipelineClient("https://graph.microsoft.com", policies=[RetryPolicy(), sign])


def graph(method, path, body=None):
    response = client.send_request(HttpRequest(method, f"https://graph.microsoft.com/v1.0/{path}", json=body))
    response.raise_for_status()
    return response.json() if response.content else None


def link(credential):
    for _ in range(12):  # Microsoft Entra ID needs up to a minute to know a new credential everywhere
        try:
            credential.get_token("https://management.azure.com/.default")
            break
        except ClientAuthenticationError:
            time.sleep(5)
    partners = ACEProvisioningManagementPartnerAPI(credential)
    try:
        linked = partners.partners.get().partner_id
    except ResourceNotFoundError:
        linked = partners.partner.create(partner_id).partner_id
    if linked != partner_id:
        partners.partner.update(partner_id)
    return partners.partners.get().as_dict()


def find_or_create(kind, query, body):
    found = graph("GET", f"{kind}?$filter={query}")["value"]
    if len(found) > 1:
        raise ValueError(f"{len(found)} {kind} where {query}: delete what is not needed")
    return found[0] if found else graph("POST", kind, body)


# An application with this name is used again, so that a second run completes a first one.
app = find_or_create(
    "applications", f"displayName eq '{name}'", {"displayName": name, "signInAudience": "AzureADMyOrg"}
)
principal = find_or_create("servicePrincipals", f"appId eq '{app['appId']}'", {"appId": app["appId"]})
end = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
secret = graph("POST", f"applications/{app['id']}/addPassword", {"passwordCredential": {"endDateTime": end}})
try:
    print(link(ClientSecretCredential(tenant, app["appId"], secret["secretText"])))
finally:  # whatever happened, the new credential goes
    try:
        graph("POST", f"applications/{app['id']}/removePassword", {"keyId": secret["keyId"]})
    except Exception as error:
        error.add_note(f"It expires within the hour; delete it now at application {app['appId']}.")
        raise
    print("No credential of this run is left.")

print(f"{name}: client ID {app['appId']}, service principal object ID {principal['id']}")
