(
  set -e
  az login --tenant "11111111-1111-1111-1111-111111111111" --output none
  az ad sp list --filter "displayName eq 'Partner Admin Link 1234567'" --query "[].{name: displayName, clientId: appId, objectId: id, enabled: accountEnabled}" --output table
  for subscription in "33333333-3333-3333-3333-333333333333" "34343434-3434-3434-3434-343434343434"; do
    az account show --subscription "$subscription" --query "join(' ', [id, name])" --output tsv
    az role assignment list --all --subscription "$subscription" --assignee-object-id "55555555-5555-5555-5555-555555555555" --query "[].join(' at ', [roleDefinitionName, scope])" --output tsv
  done
)
