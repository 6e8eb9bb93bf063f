"""The supervisor of an account: it starts its loop every trading day and watches it. Rules: OP-201..209."""
