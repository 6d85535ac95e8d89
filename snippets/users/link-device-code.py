# /// script
# dependencies = ["azure-identity", "azure-mgmt-managementpartner"]
# ///
from azure.identity import DeviceCodeCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI

credential = DeviceCodeCredential(tenant_id="11111111-1111-1111-1111-111111111111")
client = ACEProvisioningManagementPartnerAPI(credential)
client.partner.create("1234567")
link = client.partners.get()
print(link.as_dict())
