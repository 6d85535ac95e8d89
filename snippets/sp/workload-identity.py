# /// script
# dependencies = ["azure-identity", "azure-mgmt-managementpartner"]
# ///
import os
from pathlib import Path

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientAssertionCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI

partner_id = "1234567"
token_file = Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"])
credential = ClientAssertionCredential(
    tenant_id="11111111-1111-1111-1111-111111111111",
    client_id="44444444-4444-4444-4444-444444444444",
    func=lambda: token_file.read_text().strip(),
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
