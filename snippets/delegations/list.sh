(
  set -e
  home="22222222-2222-2222-2222-222222222222"
  # What this sign-in sees; `az account list` also keeps what an older one saw.
  delegated=$(az login --tenant "$home" --allow-no-subscriptions --query "[?homeTenantId && homeTenantId != '$home'].[id, homeTenantId, name]" --output tsv)
  for subscription in $(printf '%s\n' "$delegated" | cut -f 1); do
    printf '%s\n' "$delegated" | grep "^$subscription"
    az managedservices definition list --subscription "$subscription" --query "[?properties.managedByTenantId=='$home'].properties.registrationDefinitionName" --output tsv
    az managedservices assignment list --subscription "$subscription" --query "[].id" --output tsv
  done
)
