variable "partner_id" {
  description = "Partner ID of a location account."
  type        = string
  default     = "1234567"

  validation {
    condition     = can(regex("^[0-9]{1,10}$", var.partner_id))
    error_message = "The partner ID must be 1 to 10 digits."
  }
}
