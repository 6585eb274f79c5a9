"""The PNRs of a booking after its first."""
