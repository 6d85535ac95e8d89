(umask 077; openssl pkcs12 -in "${AZURE_CLIENT_PFX_PATH:?is not set}" -passin env:AZURE_CLIENT_PFX_PASSWORD -clcerts -nodes -out pal.pem)
