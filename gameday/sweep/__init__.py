"""Sweeping: canaries looked for in anything that can be opened, however much, by any number of workers, with one result."""
