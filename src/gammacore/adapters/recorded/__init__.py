"""Real days as markets: any vendor's table of chain snapshots, LEAN minute folders, and our own recordings.

One package for the three, for they are one thing behind three readers: `RecordedMarket`, which shows at every instant
the newest that had been recorded by then.

Nothing is imported here: the settings need the column maps alone, and no reader.
"""
