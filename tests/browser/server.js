// Starts a development server on a free port, with the given options and environment variables, and a database that is
// removed when it stops.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE = 30_000;

export async function serve(options = [], variables = {}) {
  const folder = await mkdtemp(join(tmpdir(), "cartograph-"));
  const port = await freePort();
  const database = `sqlite+aiosqlite:///${join(folder, "cartograph.db")}`;
  const server = spawn("cartograph", ["serve", "--dev", "--port", String(port), ...options], {
    cwd: folder,
    env: { ...process.env, CARTOGRAPH_DATABASE_URL: database, ...variables },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  server.stdout.on("data", (chunk) => (output += chunk));
  const exited = new Promise((resolve) => server.once("exit", resolve).once("error", resolve));
  const stop = async () => {
    server.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true });
  };
  const origin = `http://127.0.0.1:${port}`;
  const ended = exited.then(() => "The server ended before it answered.");
  const outcome = await Promise.race([untilAnswers(origin), ended, timeout()]);
  if (outcome) {
    await stop();
    throw new Error(outcome);
  }
  return { origin, key: output.match(/\bck_\w+/)[0], stop };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function untilAnswers(origin) {
  while (!(await fetch(origin).catch(() => null))) await sleep(100, undefined, { ref: false });
}

async function timeout() {
  await sleep(PATIENCE, undefined, { ref: false });
  return `The server did not answer within ${PATIENCE / 1000} s.`;
}
