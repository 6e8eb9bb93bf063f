"""The operator's page: starlette over what ledgers and loops say, and nothing else. Extra `dashboard`. OP-5nn."""
