# /// script
# dependencies = ["azure-identity", "azure-mgmt-managedservices"]
# ///
from azure.identity import InteractiveBrowserCredential
from azure.mgmt.managedservices import ManagedServicesClient

home = "22222222-2222-2222-2222-222222222222"
scope = "subscriptions/33333333-3333-3333-3333-333333333333"
credential = InteractiveBrowserCredential(tenant_id=home)
client = ManagedServicesClient(credential)
definitions, assignments = client.registration_definitions, client.registration_assignments
offers = {d.id.lower() for d in definitions.list(scope) if d.properties.managed_by_tenant_id == home}
delegations = [a for a in assignments.list(scope) if a.properties.registration_definition_id.lower() in offers]
if not delegations:
    raise SystemExit(f"Nothing here is delegated to {home}.")
for delegation in delegations:
    assignments.begin_delete(delegation.id.partition("/providers/")[0].strip("/"), delegation.name).result()
    print("Removed", delegation.id)
