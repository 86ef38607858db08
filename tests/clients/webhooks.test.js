// The receiver of webhooks in TypeScript that docs/webhooks.md shows: compiled in strict mode, run, and sent signed requests.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { after, test } from "node:test";

const FOLDER = "build/receiver";
const PORT = 38_471;
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = '{"type":"session.closed","data":{}}';

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const [, source] = readFileSync("../../docs/webhooks.md", "utf8").match(/```ts title="receiver.ts"\n(.*?)```/s);
writeFileSync(`${FOLDER}/receiver.ts`, source);
const strict = ["--strict", "--noUncheckedIndexedAccess", "--module", "nodenext", "--target", "es2022", "--types", "node"];
execFileSync("npx", ["--no-install", "tsc", ...strict, `${FOLDER}/receiver.ts`], { stdio: "inherit" });

const receiver = spawn("node", ["receiver.js"], {
  cwd: FOLDER,
  env: { ...process.env, WEBHOOK_SECRET: SECRET, PORT: String(PORT) },
  stdio: "inherit",
});

after(() => receiver.kill());

async function listening() {
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = connect(PORT, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.unref();
      setTimeout(() => socket.destroy(), 100);
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function send(id, { body = BODY, age = 0 } = {}) {
  const timestamp = Math.floor(Date.now() / 1000) - age;
  const key = Buffer.from(SECRET.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${BODY}`).digest("base64");
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,AAAA v1,${signature}` };
  return (await fetch(`http://127.0.0.1:${PORT}/events`, { method: "POST", body, headers })).status;
}

test("the receiver verifies requests and leaves out repeats", async () => {
  await listening();
  assert.equal(await send("event-1-1-1"), 204);
  assert.equal(await send("event-1-1-1"), 204);
  assert.equal(await send("event-1-1-2", { body: `${BODY} ` }), 401);
  assert.equal(await send("event-1-1-3", { age: 3_600 }), 401);
  const stored = readFileSync(`${FOLDER}/inbox.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line).id);
  assert.deepEqual(stored, ["event-1-1-1"]);
});
