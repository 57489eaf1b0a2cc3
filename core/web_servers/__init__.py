"""What speaks HTTP: one module for each server software, with the same `serve`.

`await serve(app, listener, stopping, grace)` serves the ASGI app on a listening socket until `stopping` is set, then
takes nothing new and gives what runs `grace` seconds. It neither handles signals nor runs the app's lifespan.
"""
