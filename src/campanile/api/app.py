"""The application: routers and one error handler."""

from fastapi import FastAPI

from campanile import __version__
from campanile.api import problems
from campanile.api.routes import campaigns, leads, stops, suppressions


def create_app() -> FastAPI:
    app = FastAPI(title="campanile", version=__version__)
    problems.install(app)
    for routes in (campaigns, leads, stops, suppressions):
        app.include_router(routes.router, prefix="/api/v1")

    @app.get("/api/v1/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app
