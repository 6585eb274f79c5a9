"""What happened to your bookings and endpoints, in its order."""
