az extension add --name managementpartner --upgrade
