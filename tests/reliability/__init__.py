"""What survives: processes killed at any moment, and what docs/reliability.md says of it."""
