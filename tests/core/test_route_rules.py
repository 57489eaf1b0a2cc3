"""Addresses can still be built from routes, though nothing is compiled for that before somebody asks."""

from __future__ import annotations

from core.testing import world


async def test_an_address_is_built_from_a_route_whenever_somebody_asks() -> None:
    async with world("alpha.test") as (alpha,):
        app = alpha.instance.app
        routes = {rule.endpoint: rule for rule in app.url_map.iter_rules() if rule.rule == "/@<acct>/images"}
        (endpoint,) = routes
        urls = app.url_map.bind("alpha.test")
        for _ in range(2):
            assert urls.build(endpoint, {"acct": "ada"}) == "/@ada/images"
            assert urls.build(endpoint, {"acct": "ada", "page": "2"}) == "/@ada/images?page=2"
