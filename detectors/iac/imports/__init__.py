"""What of checkov and its libraries a scan imports, and when: only what it needs, with the same results."""
