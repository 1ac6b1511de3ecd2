"""Alert rules, the webhook, the platform's event table and the counters."""
