"""What a board, a runner or a runtime must pass; it knows them by target name alone."""
