# /// script
# dependencies = ["azure-identity", "azure-mgmt-managedservices"]
# ///
from azure.identity import InteractiveBrowserCredential
from azure.mgmt.managedservices import ManagedServicesClient

scope = "subscriptions/33333333-3333-3333-3333-333333333333"
credential = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")
client = ManagedServicesClient(credential)
for offer in client.registration_definitions.list(scope):
    print(offer.properties.registration_definition_name, offer.properties.managed_by_tenant_id)
    for each in offer.properties.authorizations:
        print("   ", each.principal_id_display_name, each.principal_id, each.role_definition_id)
for delegation in client.registration_assignments.list(scope):
    print(delegation.id)
