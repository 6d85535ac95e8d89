param assignmentName string
param registrationDefinitionId string

resource assignment 'Microsoft.ManagedServices/registrationAssignments@2022-10-01' = {
  name: assignmentName
  properties: {
    registrationDefinitionId: registrationDefinitionId
  }
}
