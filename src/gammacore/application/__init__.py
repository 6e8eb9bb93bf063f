"""Use cases, one file each, named by a verb: they sequence what the domain decides through the ports."""
