"""API keys as administrators and ministries hand them out: made, narrowed, rotated without an outage, revoked."""
