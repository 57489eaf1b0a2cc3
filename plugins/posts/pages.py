"""Pages of posts."""

from quart import Blueprint

blueprint = Blueprint("posts", __name__)
