"""Dealer gamma exposure: in which unit, under which sign model, in which scope; flips, walls and the pin."""
