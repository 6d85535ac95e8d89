# /// script
# dependencies = ["azure-identity", "azure-mgmt-managedservices"]
# ///
from azure.identity import InteractiveBrowserCredential
from azure.mgmt.managedservices import ManagedServicesClient

provider = "22222222-2222-2222-2222-222222222222"
scope = "subscriptions/33333333-3333-3333-3333-333333333333"
credential = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")
client = ManagedServicesClient(credential)
definitions, assignments = client.registration_definitions, client.registration_assignments
offers = {d.id.lower(): d for d in definitions.list(scope) if d.properties.managed_by_tenant_id == provider}
if not offers:
    raise SystemExit(f"No offer of {provider} here.")
for delegation in assignments.list(scope):
    if delegation.properties.registration_definition_id.lower() in offers:
        assignments.begin_delete(delegation.id.partition("/providers/")[0].strip("/"), delegation.name).result()
        print("Removed", delegation.id)
for offer in offers.values():
    definitions.delete(scope=scope, registration_definition_id=offer.name)
    print("Removed", offer.id)
