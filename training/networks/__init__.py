"""Networks by name, with the parts that a recipe's phases speak of."""
