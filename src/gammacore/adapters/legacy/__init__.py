"""Read the files of the desk that came before: orders.json, account_balance.json, trades.csv. Strict, with reasons."""
