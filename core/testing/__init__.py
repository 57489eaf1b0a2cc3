"""Whole servers in the process of a test, people on them, and foreign servers: for our tests and plugin authors'.

    async def test_a_friend_reads_it(alpha):
        ann, bob = await alpha.users("ann", "bob")
        post = await ann.publish("hello")
        assert (await bob.get(f"/posts/{post['postId']}"))["content"] == "<p>hello</p>"

Every instance is empty when a test gets it, and has a database, secrets and a folder of its own. The database is
SQLite, or PostgreSQL where `KITH_TEST_DB=postgres` (on the server `KITH_TEST_DATABASE_URL` names).
"""

from core.testing.databases import DIALECT
from core.testing.foreign import Foreign, ForeignActor, Received
from core.testing.instances import TestInstance, close_worlds, settle, world
from core.testing.people import PASSWORD, Person, Visitor, befriend, data_of, fields_of, problem_of
from core.testing.queries import counted_queries
from core.testing.sockets import Closed, Socket

__all__ = [
    "DIALECT",
    "PASSWORD",
    "Closed",
    "Foreign",
    "ForeignActor",
    "Person",
    "Received",
    "Socket",
    "TestInstance",
    "Visitor",
    "befriend",
    "close_worlds",
    "counted_queries",
    "data_of",
    "fields_of",
    "problem_of",
    "settle",
    "world",
]
