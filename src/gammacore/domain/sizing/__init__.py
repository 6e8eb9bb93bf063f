"""How many contracts: the Kelly fraction, trade statistics and the policies that turn them into a size."""
