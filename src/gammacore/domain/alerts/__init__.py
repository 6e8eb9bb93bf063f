"""What reaches a person, when, and how often: messages and the gate of each channel. Rules: OP-401..406."""
