"""The rules of a two-way call, as pure values: no loop, clock, socket, file, log or random source may be seen here.

Times are integers: milliseconds since the Unix epoch, handed in by the caller.
"""
