Install-Module -Name Az.ManagementPartner -Repository PSGallery -Scope CurrentUser -Force
