"""Judging: what figures prove, what they only suggest, and what they cannot say."""
