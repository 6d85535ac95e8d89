az login --tenant "11111111-1111-1111-1111-111111111111" --output none &&
  az managedservices definition list --subscription "33333333-3333-3333-3333-333333333333" --query "[].properties.{offer: registrationDefinitionName, provider: managedByTenantId, authorizations: authorizations}" &&
  az managedservices assignment list --subscription "33333333-3333-3333-3333-333333333333" --query "[].id" --output tsv
