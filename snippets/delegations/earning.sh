(
  set -e
  role="cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e" # Support Request Contributor, as in these offers
  home="22222222-2222-2222-2222-222222222222"
  # A profile of its own: no older sign-in or cached token is used, and none is left behind.
  export AZURE_EXTENSION_DIR="${AZURE_EXTENSION_DIR:-${AZURE_CONFIG_DIR:-$HOME/.azure}/cliextensions}"
  AZURE_CONFIG_DIR=$(mktemp -d)
  export AZURE_CONFIG_DIR
  trap 'rm -rf "$AZURE_CONFIG_DIR"' EXIT
  subscriptions=$(printf '%s' "${AZURE_CLIENT_SECRET:?is not set}" |
    az login --service-principal --username "44444444-4444-4444-4444-444444444444" --password=@- --tenant "$home" --allow-no-subscriptions --query "[?homeTenantId && homeTenantId != '$home'].id" --output tsv)
  linked=$(az managementpartner show --query objectId --output tsv)
  for subscription in $subscriptions; do
    granted=$(az managedservices definition list --subscription "$subscription" --query "[?properties.authorizations[?principalId=='$linked' && roleDefinitionId=='$role']].name" --output tsv)
    delegations=$(az managedservices assignment list --subscription "$subscription" --query "[].[id, properties.registrationDefinitionId]" --output tsv)
    printf '%s\n' "$delegations" | while read -r delegation offer; do
      [ -n "$delegation" ] || continue # nothing is delegated here
      case "$granted" in *"${offer##*/}"*) echo "with role    $delegation" ;; *) echo "without role $delegation" ;; esac
    done
  done
)
