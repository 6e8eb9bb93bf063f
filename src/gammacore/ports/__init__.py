"""What the use cases need of the world, as Protocols that speak domain types."""
