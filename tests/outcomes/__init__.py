"""What the known clients make of every scenario, run for docs/clients.md."""
