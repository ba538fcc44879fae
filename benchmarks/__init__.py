"""Speed and memory, side by side with peers in one run: `make bench`, or `python -m benchmarks judge` for one of them."""
