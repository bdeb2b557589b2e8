"""Messages between hubs that only meet at a relay: asked, handed on blind, and answered when they come."""
