"""The composition root: the only place that names concrete adapters, and the processes they run in.

serve.py starts a service: one supervisor, and under it the engine, the API and the sandbox, each a process of its own.
operator.py opens what the command line needs. Plain constructor calls, no container.
"""
