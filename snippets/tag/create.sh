(
  set -e
  partner_id="1234567"
  tenant="11111111-1111-1111-1111-111111111111"
  name="Partner Admin Link $partner_id"
  az login --tenant "$tenant" --allow-no-subscriptions --output none
  # An application with this name is used again, so that a second run completes a first one.
  client_id=$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv)
  object_id=$(az ad sp list --filter "appId eq '$client_id'" --query "[].id" --output tsv)
  [ -n "$object_id" ] || object_id=$(az ad sp create --id "$client_id" --query id --output tsv)

  # Whatever happens below, the new credential goes; its name tells it from those of others.
  profile=$(mktemp -d)
  secret=""
  end=$(date -u -d "+1 hour" +%FT%TZ 2>/dev/null || date -u -v+1H +%FT%TZ)
  forget() {
    rm -rf "$profile" || true # the credential goes in any case
    key=$(az ad app credential list --id "$client_id" --query "[?displayName=='Until $end'].keyId" --output tsv) &&
      { [ -z "$secret$key" ] || az ad app credential delete --id "$client_id" --key-id "$key"; } || {
      echo "The credential may still be there. It expires within the hour; delete it now at application $client_id." >&2
      exit 1
    }
    echo "No credential of this run is left."
  }
  trap forget EXIT
  secret=$(az ad app credential reset --id "$client_id" --append --display-name "Until $end" --end-date "$end" --query password --output tsv --only-show-errors)
  (
    # The principal signs in to a profile of its own; you stay signed in to yours.
    export AZURE_EXTENSION_DIR="${AZURE_EXTENSION_DIR:-${AZURE_CONFIG_DIR:-$HOME/.azure}/cliextensions}" AZURE_CONFIG_DIR="$profile"
    # Microsoft Entra ID needs up to a minute to know a new credential everywhere.
    for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
      printf '%s' "$secret" |
        az login --service-principal --username "$client_id" --password=@- --tenant "$tenant" --allow-no-subscriptions --output none && break
      sleep 5
    done
    # Exit code 3 means: nothing linked yet.
    linked=$(az managementpartner show --query partnerId --output tsv) || [ $? -eq 3 ]
    if [ -z "$linked" ]; then
      az managementpartner create --partner-id "$partner_id" --output none
    elif [ "$linked" != "$partner_id" ]; then
      az managementpartner update --partner-id "$partner_id" --output none
    fi
    az managementpartner show
  )
  echo "$name: client ID $client_id, service principal object ID $object_id"
)
