"""Running servers for tests."""

from tests.serving.servers import KEY, Served, StoppedClock, post, replace_file, serving

__all__ = ["KEY", "Served", "StoppedClock", "post", "replace_file", "serving"]
