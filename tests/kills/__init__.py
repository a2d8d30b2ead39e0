"""The proof that a 202 is never a lie: a real server under load, killed at random, looked over after every death.

`workload` drops files off and writes down what was promised (`ledger`), `victims` finds who can be killed, `harness`
kills them, and `invariants` compares the promises with what is there. `plants` holds faults that the harness must find.
"""
