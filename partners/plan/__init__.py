"""What a partner may call, and how much it has."""
