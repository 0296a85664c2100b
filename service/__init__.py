"""The front desk: takes an order, answers questions, shows results."""
