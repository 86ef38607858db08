"""All that is true of a customer session without GraphQL or HTTP."""
