"""What mockglm costs: CPU of the server process, lateness, memory, against a bare server."""
