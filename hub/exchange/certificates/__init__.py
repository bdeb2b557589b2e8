"""Certificates of our making: requested, issued, revoked, and watched until they end."""
