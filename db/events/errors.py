"""Reasons for which a subscription is refused or ends."""


class PositionAhead(Exception):
    """A subscription was to start after the end of its history; the argument is the last position."""


class SubscriptionEnded(Exception):
    """A subscription ended; ``position`` is the last position that was delivered, to subscribe again from."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class SubscriberTooSlow(SubscriptionEnded):
    """The subscriber did not keep up with the events."""


class FeedStopped(SubscriptionEnded):
    """The process is shutting down."""


class ReplayFailed(SubscriptionEnded):
    """The next events could not be read from the database; ``error`` is why."""

    def __init__(self, position: int, error: Exception) -> None:
        super().__init__(position)
        self.error = error
