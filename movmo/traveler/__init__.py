"""The traveler's own pages: a door like the others. It knows the registry and dispatch, and no rule."""
