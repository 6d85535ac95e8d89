(
  set -e
  partner_id="1234567"
  # A profile of its own: no older sign-in or cached token is used, and none is left behind.
  export AZURE_EXTENSION_DIR="${AZURE_EXTENSION_DIR:-${AZURE_CONFIG_DIR:-$HOME/.azure}/cliextensions}"
  AZURE_CONFIG_DIR=$(mktemp -d)
  export AZURE_CONFIG_DIR
  trap 'rm -rf "$AZURE_CONFIG_DIR"' EXIT
  assertion=$(tr -d '\r\n' <"${AZURE_FEDERATED_TOKEN_FILE:?is not set}")
  printf '%s' "$assertion" |
    az login --service-principal --username "44444444-4444-4444-4444-444444444444" --federated-token=@- --tenant "11111111-1111-1111-1111-111111111111" --allow-no-subscriptions --output none
  # Exit code 3 means: nothing linked yet.
  linked=$(az managementpartner show --query partnerId --output tsv) || [ $? -eq 3 ]
  if [ -z "$linked" ]; then
    az managementpartner create --partner-id "$partner_id" --output none
  elif [ "$linked" != "$partner_id" ]; then
    az managementpartner update --partner-id "$partner_id" --output none
  fi
  az managementpartner show
)
