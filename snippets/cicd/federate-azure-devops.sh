az login --tenant "11111111-1111-1111-1111-111111111111" --allow-no-subscriptions --output none &&
  az ad app federated-credential create --id "44444444-4444-4444-4444-444444444444" --parameters @- <<'JSON'
{
  "name": "azure-devops-partner-admin-link",
  "issuer": "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/v2.0",
  "subject": "/eid1/c/pub/t/copy-it/a/from-the/sc/service-connection",
  "audiences": ["api://AzureADTokenExchange"]
}
JSON
