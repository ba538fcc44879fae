"""Reading an upload and fitting a model beside the server: in a process of its own, with an end to its memory and its time.

A file that comes from outside may be anything. Whatever reading it does, the server goes on: the child works, the parent waits for lines
of JSON and ends the child when it takes too long or when nobody wants it any more.

Loading numpy, scipy and pandas takes seconds on a slow machine. So one process (`python -m spc.workbench`) loads them once and is then
forked for each task, which costs milliseconds. It does nothing else, and ends with the server however that ends.
"""

from spc.workbench.bench import Bounds, Cancelled, Ticket, Workbench

__all__ = ["Bounds", "Cancelled", "Ticket", "Workbench"]
