<<<<<<< HEAD
"""Use cases over many days: one a file, none with a rule of trading of its own (ST-001)."""
=======
"""What is done with many days: one use case a file."""
>>>>>>> st_monte
