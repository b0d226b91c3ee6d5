"""Where calls, tenants and keys are kept. One room per kind of database; all of them pass tests/contract."""
