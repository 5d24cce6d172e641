"""A whole deployment, as deploy/compose describes it, and its people."""
