"""What a device must do with any model, and when things go wrong."""
