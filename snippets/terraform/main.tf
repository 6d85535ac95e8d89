terraform {
  required_version = ">= 1.5"

  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "~> 2.12"
    }
  }
}

# The identity that signs in here is the one that gets linked.
provider "azapi" {
  client_id = "44444444-4444-4444-4444-444444444444"
  tenant_id = "11111111-1111-1111-1111-111111111111"
  use_oidc  = true
  use_cli   = false
  use_msi   = false
}

locals {
  type = "Microsoft.ManagementPartner/partners@2018-02-01"
  id   = "/providers/Microsoft.ManagementPartner/partners/${var.partner_id}"
}

# Moves a link that is there already; without one it is told 404, and nothing happens.
resource "azapi_resource_action" "move" {
  type             = local.type
  resource_id      = local.id
  method           = "PATCH"
  ignore_not_found = true
}

# Creates the link where there was none; otherwise says the same once more.
resource "azapi_resource_action" "link" {
  type                   = local.type
  resource_id            = local.id
  method                 = azapi_resource_action.move.exist ? "PATCH" : "PUT"
  response_export_values = { partner_id = "properties.partnerId", partner_name = "properties.partnerName" }

  lifecycle {
    postcondition {
      condition     = self.output.partner_id == var.partner_id
      error_message = "The link is not to the partner ID that was asked for."
    }
  }
}

# Does nothing until it is destroyed; then it removes the link.
resource "azapi_resource_action" "unlink" {
  type             = local.type
  resource_id      = local.id
  method           = "DELETE"
  when             = "destroy"
  ignore_not_found = true

  depends_on = [azapi_resource_action.move, azapi_resource_action.link]
}

output "link" {
  value = azapi_resource_action.link.output
}
