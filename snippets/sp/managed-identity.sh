(
  set -e
  partner_id="1234567"
  object_id="55555555-5555-5555-5555-555555555555"
  # A profile of its own: no older sign-in or cached token is used, and none is left behind.
  export AZURE_EXTENSION_DIR="${AZURE_EXTENSION_DIR:-${AZURE_CONFIG_DIR:-$HOME/.azure}/cliextensions}"
  AZURE_CONFIG_DIR=$(mktemp -d)
  export AZURE_CONFIG_DIR
  trap 'rm -rf "$AZURE_CONFIG_DIR"' EXIT
  az login --identity --allow-no-subscriptions --output none
  # A machine without a system-assigned identity hands out its only user-assigned one: the token tells whose it is.
  found=$(az account get-access-token --query accessToken --output tsv |
    awk -F . '{ gsub("-", "+", $2); gsub("_", "/", $2); while (length($2) % 4) $2 = $2 "="; print $2 }' |
    base64 --decode | sed -n 's/.*"oid": *"\([^"]*\)".*/\1/p')
  [ "$found" = "$object_id" ] || {
    echo "This machine signs in as ${found:-nobody}, not as $object_id. Nothing was linked: check the object ID, or take the block with a client ID." >&2
    exit 1
  }
  # Exit code 3 means: nothing linked yet.
  linked=$(az managementpartner show --query partnerId --output tsv) || [ $? -eq 3 ]
  if [ -z "$linked" ]; then
    az managementpartner create --partner-id "$partner_id" --output none
  elif [ "$linked" != "$partner_id" ]; then
    az managementpartner update --partner-id "$partner_id" --output none
  fi
  az managementpartner show
)
