"""The door for people: command line, Python client, demo."""
