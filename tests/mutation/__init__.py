"""Mutation testing of the checks: broken in every small way, their tests must notice."""
