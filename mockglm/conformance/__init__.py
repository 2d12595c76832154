"""The conformance kit: judges by its bytes alone if an endpoint speaks GLM v4."""
