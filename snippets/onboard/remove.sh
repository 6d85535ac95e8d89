(
  set -e
  export MSYS_NO_PATHCONV=1 # Git Bash on Windows would make a file path of /subscriptions
  provider="22222222-2222-2222-2222-222222222222"
  subscription="33333333-3333-3333-3333-333333333333"
  az login --tenant "11111111-1111-1111-1111-111111111111" --output none
  offers=$(az managedservices definition list --subscription "$subscription" --query "[?properties.managedByTenantId=='$provider'].name" --output tsv)
  [ -n "$offers" ] || { echo "No offer of $provider here." >&2; exit 1; }
  delegations=$(az managedservices assignment list --subscription "$subscription" --query "[].[id, properties.registrationDefinitionId]" --output tsv)
  for delegation in $(printf '%s\n' "$delegations" | grep -iF "$offers" | cut -f 1); do
    az managedservices assignment delete --assignment "$delegation" --yes
    echo "Removed $delegation"
  done
  for offer in $offers; do
    az managedservices definition delete --subscription "$subscription" --definition "$offer" --yes
    echo "Removed $offer"
  done
)
