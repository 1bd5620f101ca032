"""Who may do what, by access rules."""
