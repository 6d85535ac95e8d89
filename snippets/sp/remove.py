# /// script
# dependencies = ["azure-identity", "azure-mgmt-managementpartner"]
# ///
import os

from azure.identity import ClientSecretCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI

credential = ClientSecretCredential(
    tenant_id="11111111-1111-1111-1111-111111111111",
    client_id="44444444-4444-4444-4444-444444444444",
    client_secret=os.environ["AZURE_CLIENT_SECRET"],
)
client = ACEProvisioningManagementPartnerAPI(credential)
link = client.partner.get("1234567")
print(link.as_dict())
client.partner.delete("1234567")
print("Removed.")
