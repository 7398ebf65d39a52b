"""What is read of an account, declared service by service."""
