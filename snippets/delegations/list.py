# /// script
# dependencies = ["azure-identity", "azure-mgmt-managedservices", "azure-mgmt-resource-subscriptions"]
# ///
from azure.identity import InteractiveBrowserCredential
from azure.mgmt.managedservices import ManagedServicesClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

home = "22222222-2222-2222-2222-222222222222"
credential = InteractiveBrowserCredential(tenant_id=home)
client = ManagedServicesClient(credential)
for subscription in SubscriptionClient(credential).subscriptions.list():
    if subscription.tenant_id == home:
        continue
    print(subscription.display_name, subscription.subscription_id, "customer's tenant:", subscription.tenant_id)
    scope = f"subscriptions/{subscription.subscription_id}"
    for offer in client.registration_definitions.list(scope):
        if offer.properties.managed_by_tenant_id == home:
            print("   ", offer.properties.registration_definition_name)
    for delegation in client.registration_assignments.list(scope):
        print("   ", delegation.id)
