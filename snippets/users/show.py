# /// script
# dependencies = ["azure-identity", "azure-mgmt-managementpartner"]
# ///
from azure.identity import InteractiveBrowserCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI

credential = InteractiveBrowserCredential(tenant_id="11111111-1111-1111-1111-111111111111")
client = ACEProvisioningManagementPartnerAPI(credential)
link = client.partners.get()
print(link.as_dict())
