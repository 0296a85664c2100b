"""The ground on which service and worker meet: the job book, and what both must know about an order."""
