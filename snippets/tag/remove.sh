(
  set -e
  export MSYS_NO_PATHCONV=1 # Git Bash on Windows would make a file path of /subscriptions
  name="Partner Admin Link 1234567"
  client_id="44444444-4444-4444-4444-444444444444"
  object_id="55555555-5555-5555-5555-555555555555"
  az login --tenant "11111111-1111-1111-1111-111111111111" --output none
  found=$(az ad sp list --filter "appId eq '$client_id'" --query "[?id=='$object_id' && displayName=='$name'].id" --output tsv)
  [ -n "$found" ] || {
    echo "$client_id and $object_id are not those of '$name'. Nothing was removed." >&2
    exit 1
  }
  for subscription in "33333333-3333-3333-3333-333333333333" "34343434-3434-3434-3434-343434343434"; do
    # Also those at resource groups below it, but none from a management group above it.
    ids=$(az role assignment list --all --subscription "$subscription" --assignee-object-id "$object_id" --query "[?starts_with(scope, '/subscriptions/')].id" --output tsv)
    for id in $ids; do
      az role assignment delete --ids "$id"
    done
  done
  az ad app delete --id "$client_id"
  echo "Removed."
)
