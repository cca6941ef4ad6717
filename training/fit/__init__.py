"""Fitting one network: what is made small, who moves the weights, which rows, and the loop itself."""
