(
  set -e
  export MSYS_NO_PATHCONV=1 # Git Bash on Windows would make a file path of /subscriptions
  home="22222222-2222-2222-2222-222222222222"
  subscription="33333333-3333-3333-3333-333333333333"
  az login --tenant "$home" --allow-no-subscriptions --output none
  offers=$(az managedservices definition list --subscription "$subscription" --query "[?properties.managedByTenantId=='$home'].name" --output tsv)
  [ -n "$offers" ] || { echo "Nothing here is delegated to $home." >&2; exit 1; }
  delegations=$(az managedservices assignment list --subscription "$subscription" --query "[].[id, properties.registrationDefinitionId]" --output tsv)
  ours=$(printf '%s\n' "$delegations" | grep -iF "$offers" | cut -f 1)
  [ -n "$ours" ] || { echo "Nothing here is delegated to $home." >&2; exit 1; }
  for delegation in $ours; do
    az managedservices assignment delete --assignment "$delegation" --yes
    echo "Removed $delegation"
  done
)
