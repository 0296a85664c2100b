"""How the published weights are made; nobody imports it."""
