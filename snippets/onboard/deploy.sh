az login --tenant "11111111-1111-1111-1111-111111111111" --output none &&
  az deployment sub create --subscription "33333333-3333-3333-3333-333333333333" --name "lighthouse" --location "westeurope" --template-file sp.json --parameters sp.parameters.json --query "{state: properties.provisioningState, outputs: properties.outputs}"
