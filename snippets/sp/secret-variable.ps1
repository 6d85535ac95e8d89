$env:AZURE_CLIENT_SECRET = Read-Host -Prompt "Client secret" -MaskInput
