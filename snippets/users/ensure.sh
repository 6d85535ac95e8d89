(
  set -e
  partner_id="1234567"
  az login --tenant "11111111-1111-1111-1111-111111111111" --allow-no-subscriptions --output none
  # Exit code 3 means: nothing linked yet.
  linked=$(az managementpartner show --query partnerId --output tsv) || [ $? -eq 3 ]
  if [ -z "$linked" ]; then
    az managementpartner create --partner-id "$partner_id" --output none
  elif [ "$linked" != "$partner_id" ]; then
    az managementpartner update --partner-id "$partner_id" --output none
  fi
  az managementpartner show
)
