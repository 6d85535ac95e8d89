(
  set -e
  partner_id="1234567"
  object_id="55555555-5555-5555-5555-555555555555"
  answer=$(curl --silent --show-error --noproxy '*' --connect-timeout 2 --max-time 20 --retry 2 --header "Metadata: true" "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/")
  token=$(printf '%s' "$answer" | jq -r '.access_token // empty') && [ -n "$token" ] || { printf '%s\n' "$answer" >&2; exit 1; }
  # A machine without a system-assigned identity hands out its only user-assigned one: the token tells whose it is.
  found=$(printf '%s' "$token" | jq -rR 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson.oid')
  [ "$found" = "$object_id" ] || {
    echo "This machine signs in as ${found:-nobody}, not as $object_id. Nothing was linked: check the object ID, or take the block with a client ID." >&2
    exit 1
  }
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
