"""What keeps a supervisor and is kept by it on this machine: child processes, signals, state file, systemd."""
