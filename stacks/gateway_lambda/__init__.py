"""A thin pass-through to LLM APIs with an OpenAI-shaped interface: meters, caps, routes, caches.

It needs Python 3.11 and boto3, both part of the Lambda runtime, and nothing else.
"""
