"""The express checkout: a door for travelers on a partner's page. Of bookings it knows registry and dispatch only."""
