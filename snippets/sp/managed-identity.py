# /// script
# dependencies = ["azure-identity", "azure-mgmt-managementpartner"]
# ///
import base64
import json

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.managementpartner import ACEProvisioningManagementPartnerAPI

partner_id = "1234567"
object_id = "55555555-5555-5555-5555-555555555555"
credential = ManagedIdentityCredential()
# A machine without a system-assigned identity hands out its only user-assigned one: the token tells whose it is.
claims = credential.get_token("https://management.azure.com/.default").token.split(".")[1]
found = json.loads(base64.urlsafe_b64decode(claims + "=="))["oid"]
if found != object_id:
    raise SystemExit(
        f"This machine signs in as {found}, not as {object_id}. "
        "Nothing was linked: check the object ID, or take the block with a client ID."
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
