(
  set -e
  partner_id="1234567"
  form="grant_type=client_credentials&client_id=44444444-4444-4444-4444-444444444444&scope=https://management.azure.com/.default&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
  assertion=$(tr -d '\r\n' <"${AZURE_FEDERATED_TOKEN_FILE:?is not set}")
  answer=$(printf '%s' "$assertion" |
    curl --silent --show-error --max-time 60 --retry 3 --data "$form" --data-urlencode client_assertion@- "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token")
  token=$(printf '%s' "$answer" | jq -r '.access_token // empty') && [ -n "$token" ] || { printf '%s\n' "$answer" >&2; exit 1; }
  # Sets body and code; the token goes in by a pipe, so that no process list shows it.
  call() {
    answer=$(printf 'Authorization: Bearer %s' "$token" |
      curl --silent --show-error --max-time 60 --retry 3 --header @- --header "Content-Length: 0" --write-out '\n%{http_code}' --request "$1" "$2?api-version=2018-02-01")
    body=${answer%$'\n'*} code=${answer##*$'\n'}
  }
  partners="https://management.azure.com/providers/Microsoft.ManagementPartner/partners"
  call GET "$partners"
  linked=$(printf '%s' "$body" | jq -r '.properties.partnerId // empty')
  case "$code:$linked" in
    "404:") call PUT "$partners/$partner_id" ;;
    "200:$partner_id") ;;
    "200:"*) call PATCH "$partners/$partner_id" ;;
  esac
  if [ "$code" = 200 ]; then call GET "$partners"; fi
  printf '%s\n' "$body"
  [ "$code" = 200 ]
)
