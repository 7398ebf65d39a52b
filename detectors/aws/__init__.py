"""Live AWS accounts: what their APIs tell, stated as the same kinds as infrastructure code."""
