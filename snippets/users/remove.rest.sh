az login --tenant "11111111-1111-1111-1111-111111111111" --allow-no-subscriptions --output none &&
  az rest --method get --url "https://management.azure.com/providers/Microsoft.ManagementPartner/partners/1234567?api-version=2018-02-01" &&
  az rest --method delete --url "https://management.azure.com/providers/Microsoft.ManagementPartner/partners/1234567?api-version=2018-02-01" &&
  echo "Removed."
