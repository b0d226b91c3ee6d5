"""SIP, sans-I/O: bytes and `now` in; bytes, deadlines and dialog events out.

Nothing in this package opens a socket, reads a clock, draws a random number, logs or awaits; time and randomness
are arguments.  The layers, lowest first:

* `errors`, `status`, `syntax`: the exception tree, reason phrases, and the lexical rules shared by all headers;
* `uri`, `headers`, `message`, `parser`: messages as values, and bytes to messages and back;
* `sdp`, `digest`: session descriptions (RFC 4566) and digest access authentication (RFC 7616, RFC 8760);
* transactions, dialogs and the user agent, which are built on the above.
"""
