"""Run several server processes under a supervisor that replaces dead ones."""

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

HEALTH_CHECK_SECONDS = 30  # after which a worker that does not answer, for example at its start, is killed


class WorkerFailed(Exception):
    """A worker failed to start."""


class Supervisor(Multiprocess):
    """uvicorn's supervisor, which replaces a dead worker within half a second."""

    def keep_subprocess_alive(self) -> None:
        """Ping each worker, after closing this process's copy of the worker's end of the pipe.

        uvicorn leaves it open, so that it would wait for the answer of a worker that died during the ping.
        """
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()


def supervise(config: Config) -> None:
    """Run workers until a signal. Raises WorkerFailed if one fails to start; the others are stopped then, too.

    Its replacement would fail for the same reason. A service manager can restart the whole server.
    """
    config.timeout_worker_healthcheck = HEALTH_CHECK_SECONDS
    supervisor = Supervisor(config, [config.bind_socket()])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise WorkerFailed("A worker failed to start; see its log.")
