"""Measurements that hold the program to its budgets; `make bench-sync` and its like run them."""
