az login --tenant "11111111-1111-1111-1111-111111111111" --allow-no-subscriptions --output none &&
  az managementpartner update --partner-id "7654321" --output none &&
  az managementpartner show
