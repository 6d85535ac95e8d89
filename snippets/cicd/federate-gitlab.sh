az login --tenant "11111111-1111-1111-1111-111111111111" --allow-no-subscriptions --output none &&
  az ad app federated-credential create --id "44444444-4444-4444-4444-444444444444" --parameters @- <<'JSON'
{
  "name": "gitlab-partner-admin-link",
  "issuer": "https://gitlab.com",
  "subject": "project_path:fabrikam/partner-admin-link:ref_type:branch:ref:main",
  "audiences": ["api://AzureADTokenExchange"]
}
JSON
