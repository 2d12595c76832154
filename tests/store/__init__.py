"""The store of session state."""
