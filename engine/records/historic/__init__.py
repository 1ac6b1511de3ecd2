"""The platform's old reports: read, put in order, and made a run of."""
