"""Where what the suite calls is served, by the name of the run."""

PATHS = {"stateless": "/stateless", "sessions": "/sessions", "product": "/v1/mcp"}
