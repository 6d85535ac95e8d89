# /// script
# dependencies = ["azure-identity", "azure-mgmt-managementpartner"]
# ///
import os

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI

partner_id = "1234567"
credential = ClientSecretCredential(
    tenant_id="22222222-2222-2222-2222-222222222222",
    client_id="44444444-4444-4444-4444-444444444444",
    client_secret=os.environ["AZURE_CLIENT_SECRET"],
)
client = ACEProvisioningManagementPartnerAPI(credential)
try:
    linked = client.partners.get().partner_id
except ResourceNotFoundError:
    linked = client.partner.create(partner_id).partner_id

if linked != partner_id:
    client.partner.update(partner_id)

link = client.partners.get()
print(link.as_dict())
