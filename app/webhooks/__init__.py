"""Webhooks: who wants to be told of changes without asking, and the worker that tells them."""
