"""What to sell and whether to sell it: setup selection and the filters before an entry."""
