"""The JSON API: what every route is by being a route."""

from core.api.answers import Answer
from core.api.ask import Ask
from core.api.routes import Api

__all__ = ["Answer", "Api", "Ask"]
