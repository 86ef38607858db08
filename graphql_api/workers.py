"""Several processes that answer, and the one that keeps so many of them alive."""

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

STARTS_WITHIN = 30  # seconds until a worker answers its supervisor, which kills one that does not


class WorkerFailed(Exception):
    """A worker could not start."""


class Supervisor(Multiprocess):
    """Replaces a worker that has died, within half a second."""

    def keep_subprocess_alive(self) -> None:
        """Ask each worker whether it lives.

        Where this process kept the worker's end of the pipe, too, one that died before it answered would be waited for.
        """
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()


def supervise(config: Config) -> None:
    """Keep the workers alive until a signal comes. Raises WorkerFailed where one cannot start.

    What keeps one from starting would keep all of them, so the others are ended, too, and it is for whoever started
    this process to start another.
    """
    config.timeout_worker_healthcheck = STARTS_WITHIN
    supervisor = Supervisor(config, [config.bind_socket()])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise WorkerFailed("A worker could not start; it has said why.")
