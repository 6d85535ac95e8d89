targetScope = 'subscription'

metadata description = 'Azure Lighthouse offer with a service principal: the minimal offer plus one identity for recognition and automation.'

@description('Offer name, shown to the customer. Put your company in it: it is also what makes the offer unique in a subscription.')
param mspOfferName string

@description('One sentence on the service, shown to the customer.')
param mspOfferDescription string

@description('Tenant ID of the provider. Never the tenant of the subscription that is delegated.')
param managedByTenantId string

@description('Object ID of the security group of operators in the managing tenant.')
param operatorsGroupId string

@description('Object ID of the security group of administrators in the managing tenant, who may end the delegation.')
param administratorsGroupId string

@description('Object ID of the service principal (enterprise application) in the managing tenant, not of the app registration.')
param servicePrincipalId string

@description('Resource groups to delegate. Leave empty to delegate the whole subscription.')
param resourceGroupNames array = []

var offerId = guid(mspOfferName)

var roles = {
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
  supportRequestContributor: 'cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e'
  registrationAssignmentDelete: '91c1777a-f3dc-4fae-b103-61d183457e46'
}

resource definition 'Microsoft.ManagedServices/registrationDefinitions@2022-10-01' = {
  name: offerId
  properties: {
    registrationDefinitionName: mspOfferName
    description: mspOfferDescription
    managedByTenantId: managedByTenantId
    authorizations: [
      {
        principalId: operatorsGroupId
        principalIdDisplayName: 'Operators'
        roleDefinitionId: roles.reader
      }
      {
        principalId: operatorsGroupId
        principalIdDisplayName: 'Operators'
        roleDefinitionId: roles.supportRequestContributor
      }
      {
        principalId: administratorsGroupId
        principalIdDisplayName: 'Administrators'
        roleDefinitionId: roles.reader
      }
      {
        principalId: administratorsGroupId
        principalIdDisplayName: 'Administrators'
        roleDefinitionId: roles.registrationAssignmentDelete
      }
      {
        principalId: servicePrincipalId
        principalIdDisplayName: 'Automation (service principal)'
        roleDefinitionId: roles.reader
      }
      {
        principalId: servicePrincipalId
        principalIdDisplayName: 'Automation (service principal)'
        roleDefinitionId: roles.supportRequestContributor
      }
    ]
  }
}

// the whole subscription
resource assignment 'Microsoft.ManagedServices/registrationAssignments@2022-10-01' = if (empty(resourceGroupNames)) {
  name: offerId
  properties: {
    registrationDefinitionId: definition.id
  }
}

// or only these resource groups
module groups 'delegate.bicep' = [for (group, index) in resourceGroupNames: {
  name: 'delegate-${index}'
  scope: resourceGroup(group)
  params: {
    assignmentName: offerId
    registrationDefinitionId: definition.id
  }
}]

output mspOfferName string = mspOfferName
output registrationDefinitionId string = definition.id
