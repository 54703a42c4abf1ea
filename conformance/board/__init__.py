"""What a board must pass before any model runs on it."""
