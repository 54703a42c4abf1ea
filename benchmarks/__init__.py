"""What is measured, and not asserted."""
