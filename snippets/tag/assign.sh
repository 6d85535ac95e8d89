(
  set -e
  export MSYS_NO_PATHCONV=1 # Git Bash on Windows would make a file path of /subscriptions
  role="cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e" # Support Request Contributor
  az login --tenant "11111111-1111-1111-1111-111111111111" --output none
  for subscription in "33333333-3333-3333-3333-333333333333" "34343434-3434-3434-3434-343434343434"; do
    scope="/subscriptions/$subscription"
    az role assignment create --scope "$scope" --role "$scope/providers/Microsoft.Authorization/roleDefinitions/$role" --assignee-object-id "55555555-5555-5555-5555-555555555555" --assignee-principal-type ServicePrincipal --output none
    echo "$scope"
  done
)
