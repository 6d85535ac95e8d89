# /// script
# dependencies = ["azure-identity", "azure-mgmt-managementpartner"]
# ///
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI

partner_id = "1234567"
credential = ManagedIdentityCredential()
client = ACEProvisioningManagementPartnerAPI(credential)
try:
    linked = client.partners.get().partner_id
except ResourceNotFoundError:
    linked = client.partner.create(partner_id).partner_id

if linked != partner_id:
    client.partner.update(partner_id)

link = client.partners.get()
print(link.as_dict())
