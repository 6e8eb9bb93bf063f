"""The command line: parses, wires, prints. No rule of trading lives here."""
