"""Limit the codes that a session token can guess: coupons and referrals that it sets and that are not accepted."""

import math
from collections import Counter
from time import monotonic

from graphql_api.errors import RateLimited

WINDOW = 60  # seconds


class CodeGuesses:
    """Counts the failed codes of each session token in a minute, in this process.

    Codes count when they are tried and are taken back if they do not fail, so that concurrent requests of one token
    cannot exceed the limit.
    """

    def __init__(self, max_per_minute: int = 0) -> None:
        self._max = max_per_minute
        self._failed: Counter[str] = Counter()
        self._window_end = 0.0  # by the monotonic clock, so that setting the wall clock back extends no window

    def try_codes(self, token: str, codes: int) -> None:
        """Count codes as failed; ``take_back`` must follow. Raises RateLimited."""
        now = monotonic()
        if now >= self._window_end:
            self._window_end = now + WINDOW
            self._failed.clear()
        if codes and self._failed[token] + codes > self._max:
            seconds = math.ceil(self._window_end - now)
            problem = f"This session token has tried {self._max} codes that are not accepted in this minute."
            raise RateLimited(f"{problem} Try again in {seconds} seconds.", seconds)
        self._failed[token] += codes

    def take_back(self, token: str, codes: int) -> None:
        """Take back codes that did not fail."""
        self._failed[token] = max(0, self._failed[token] - codes)
