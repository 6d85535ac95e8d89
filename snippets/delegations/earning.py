# /// script
# dependencies = ["azure-identity", "azure-mgmt-managedservices", "azure-mgmt-managementpartner", "azure-mgmt-resource-subscriptions"]
# ///
import os

from azure.identity import ClientSecretCredential
from azure.mgmt.managedservices import ManagedServicesClient
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI
from azure.mgmt.resource.subscriptions import SubscriptionClient

role = "cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e"  # Support Request Contributor, as in these offers
home = "22222222-2222-2222-2222-222222222222"
credential = ClientSecretCredential(
    tenant_id=home,
    client_id="44444444-4444-4444-4444-444444444444",
    client_secret=os.environ["AZURE_CLIENT_SECRET"],
)
linked = ACEProvisioningManagementPartnerAPI(credential).partners.get().object_id
client = ManagedServicesClient(credential)
for subscription in SubscriptionClient(credential).subscriptions.list():
    if subscription.tenant_id == home:
        continue
    scope = f"subscriptions/{subscription.subscription_id}"
    offers = client.registration_definitions.list(scope)
    granted = {
        (o.id.lower(), a.principal_id, a.role_definition_id) for o in offers for a in o.properties.authorizations
    }
    for delegation in client.registration_assignments.list(scope):
        offer = delegation.properties.registration_definition_id.lower()
        print("with role   " if (offer, linked, role) in granted else "without role", delegation.id)
