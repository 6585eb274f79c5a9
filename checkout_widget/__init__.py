"""The express checkout: a door for travelers on a partner's page. It knows the registry and dispatch, no rule."""
