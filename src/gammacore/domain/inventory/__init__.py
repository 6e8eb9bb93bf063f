"""What a strategy holds besides credit spreads: options and shares in lots, first in, first out; what nobody chose."""
