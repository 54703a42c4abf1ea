"""Puts what the tests of frontends share, in this folder, where they can import it."""
