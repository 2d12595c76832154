"""`mockglm measure`: the figures of an endpoint, which is seen only as bytes with their times."""
