"""The protocol: which dates count, what is hidden, how it is scored.

One path for training, tables and every job's report.
"""
