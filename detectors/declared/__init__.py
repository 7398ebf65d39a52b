"""What Terraform's states and plans declare, so that accounts can be compared with it."""
