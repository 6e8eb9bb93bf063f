"""The ledger in one SQLite file: durable appends, one writer, every byte vouched for; and the inbox beside it."""
