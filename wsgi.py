"""The WSGI application of the hub whose home `HUB_HOME` names, for another server in front."""

from hub.bootstrap.serving import create_wsgi_app

app = create_wsgi_app()
