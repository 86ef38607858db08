"""HTTP/1.1 by uvicorn, with an end to the wait for someone to read the answer, and to the memory that it takes."""

from asyncio import TimerHandle

from graphql_api.http.uvicorn_offers import SteadyProtocol

UNREAD_SECONDS = 10.0  # in which a client has to take something of what waits for it
MAX_UNREAD = 128 * 2**20  # bytes that may wait for all clients together, beyond what one of them asked for

# Those for whom something waits, the one who has kept it waiting longest first.
slow: "dict[PatientProtocol, None]" = {}


class PatientProtocol(SteadyProtocol):
    """One connection, whose client may take its time to read, but not for ever, nor all of the memory."""

    _unread: TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing waits any more."""
        self._caught_up()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not keep up with what is sent. Where too much waits, the slowest are let go of."""
        super().pause_writing()
        slow[self] = None
        self._look_again(self._waiting())
        while len(slow) > 1 and sum(each._waiting() for each in slow) > MAX_UNREAD:
            next(iter(slow))._let_go()

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._caught_up()

    def _waiting(self) -> int:
        return self.transport.get_write_buffer_size()

    def _look_again(self, waiting: int) -> None:
        self._unread = self.loop.call_later(UNREAD_SECONDS, self._look, waiting)

    def _look(self, before: int) -> None:
        if (waiting := self._waiting()) >= before:
            self._let_go()
        else:
            self._look_again(waiting)

    def _let_go(self) -> None:
        """Break off: closing would wait for the client."""
        self._caught_up()
        self.transport.abort()

    def _caught_up(self) -> None:
        slow.pop(self, None)
        if self._unread is not None:
            self._unread.cancel()
