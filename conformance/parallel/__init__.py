"""What a target of several cores must do when they share work items."""
