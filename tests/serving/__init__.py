"""Running servers for tests."""

from tests.serving.servers import KEY, Served, post, serving

__all__ = ["KEY", "Served", "post", "serving"]
