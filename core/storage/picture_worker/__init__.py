"""Makes pictures in a process of its own: small, without metadata, out of bytes that may be hostile.

It imports nothing of ours but itself (hence the relative imports): the process stays small, and a picture that takes it
over finds nothing in it. `main` reads requests from standard input and writes answers to standard output until it is
closed. Each message is a line of JSON, followed by as many bytes as its `size` says.

    request   {"size": 1234, "crop": [0.1, 0, 0.5, 0.5] or null, "wanted": [{"format": "WEBP", "width": 400, …}]}
              {"size": 1234, "sides": {"thumbnail": 400, "feed": 1200, "full": 2400},
               "crop": null, "turn": 90}
    answer    {"size": 999, "made": [{"size": 999, "width": 400, "height": 400, …}]} or {"size": 0, "error": "damaged"}

A request with `wanted` is for pictures cut to proportions (`cutting`), one with `sides` for all that is kept of a
picture somebody uploads (`preparing`); the answer to that also has what is said of the picture, under "about".
"""
