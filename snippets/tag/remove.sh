(
  set -e
  az login --tenant "11111111-1111-1111-1111-111111111111" --output none
  for subscription in "33333333-3333-3333-3333-333333333333" "34343434-3434-3434-3434-343434343434"; do
    # Also those at resource groups below it, but none from a management group above it.
    ids=$(az role assignment list --all --subscription "$subscription" --assignee-object-id "55555555-5555-5555-5555-555555555555" --query "[?starts_with(scope, '/subscriptions/')].id" --output tsv)
    for id in $ids; do
      az role assignment delete --ids "$id"
    done
  done
  az ad app delete --id "44444444-4444-4444-4444-444444444444"
  echo "Removed."
)
