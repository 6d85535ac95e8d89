az login --tenant "11111111-1111-1111-1111-111111111111" --allow-no-subscriptions --output none &&
  az rest --method get --url "https://management.azure.com/providers/Microsoft.ManagementPartner/partners?api-version=2018-02-01"
