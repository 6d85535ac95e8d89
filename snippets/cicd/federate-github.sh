az login --tenant "11111111-1111-1111-1111-111111111111" --allow-no-subscriptions --output none &&
  az ad app federated-credential create --id "44444444-4444-4444-4444-444444444444" --parameters @- <<'JSON'
{
  "name": "github-partner-admin-link",
  "issuer": "https://token.actions.githubusercontent.com",
  "subject": "repo:fabrikam@1001/partner-admin-link@2002:environment:partner-admin-link",
  "audiences": ["api://AzureADTokenExchange"]
}
JSON
