"""A process that gives back what it is given, for conformance suites; off unless a setting says so."""
