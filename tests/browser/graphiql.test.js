// GraphiQL on a development server, in a browser.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { serve } from "./server.js";

let server, browser;

before(async () => {
  server = await serve();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

// Defines a test on the page, in a new profile. `problems` collects errors and requests to other origins.
function onPage(name, steps, options = {}) {
  test(name, async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
    const problems = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "data:" && origin !== server.origin) problems.push(request.url());
    });
    try {
      await page.goto(`${server.origin}/graphql`);
      await page.locator(".graphiql-query-editor .CodeMirror").waitFor();
      await steps(page, problems);
    } finally {
      await takeScreenshot(page, name);
      await page.close();
    }
  });
}

async function takeScreenshot(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name.replaceAll(/\W+/g, "-")}.png`) });
}

const run = (page) => page.locator(".graphiql-execute-button").click();

async function type(page, editor, text) {
  await page.locator(`${editor} .CodeMirror`).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

// GraphiQL parses a document after a pause in the typing. Until then it would run the operation that was there before.
const isParsed = (page, operation) =>
  page.waitForFunction((name) => localStorage.getItem("graphiql:operationName") === name, operation);

async function resultWith(page, text) {
  const result = page.locator(".result-window", { hasText: text });
  await result.waitFor();
  return JSON.parse(await result.locator(".CodeMirror").evaluate((element) => element.CodeMirror.getValue()));
}

async function openTab(page, name) {
  await page.getByRole("tab", { name, exact: true }).click();
  await isParsed(page, name);
}

onPage("the first tab runs with the development key, and nothing is loaded from another origin", async (page, problems) => {
  assert.equal(await page.title(), "Cartograph");
  await run(page);
  const { data, errors } = await resultWith(page, "keyName");
  assert.equal(errors, undefined);
  assert.match(data.viewer.application.currency, /^[A-Z]{3}$/);
  assert.ok(data.customerSession.cartItems.length > 0);
  assert.deepEqual(problems, []);
  if (process.env.PICTURE) await page.screenshot({ path: process.env.PICTURE }); // of the README
});

onPage("the second tab changes a session, and can be run again", async (page, problems) => {
  await openTab(page, "Cart");
  for (const created of [true, false]) {
    await run(page);
    const { data } = await resultWith(page, `"created": ${created}`);
    assert.deepEqual(data.upsertSession.errors, []);
    assert.equal(data.upsertSession.session.netTotal, "19.90");
  }
  assert.deepEqual(problems, []);
});

onPage("the third tab lists sessions", async (page, problems) => {
  await openTab(page, "Sessions");
  await run(page);
  const { data } = await resultWith(page, "customerSessions");
  assert.equal(data.customerSessions.nodes.length, 10);
  assert.deepEqual(problems, []);
});

onPage(
  "the documentation shows the schema, also in dark mode",
  async (page, problems) => {
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer").getByRole("link", { name: "Query", exact: true }).click();
    await page.locator(".graphiql-doc-explorer").getByRole("link", { name: "customerSession", exact: true }).waitFor();
    assert.deepEqual(problems, []);
  },
  { colorScheme: "dark" },
);

onPage("the dialogs do not violate the content security policy", async (page, problems) => {
  await page.getByRole("button", { name: "Open settings dialog" }).click();
  await page.getByRole("dialog").waitFor();
  assert.deepEqual(problems, []);
});

onPage("a key in the header editor is sent instead of the development key", async (page) => {
  await page.getByRole("button", { name: "Headers" }).click();
  await type(page, ".graphiql-editor-tool .graphiql-editor:not(.hidden)", '{"Authorization": "Bearer ck_1_nobody_0"}');
  await run(page);
  const { errors } = await resultWith(page, "errors");
  assert.equal(errors[0].extensions.code, "UNAUTHENTICATED");
});

onPage("the fourth tab shows each change as it is made, until it is stopped", async (page, problems) => {
  const key = await page.locator("#graphiql").getAttribute("data-dev-key");
  await openTab(page, "Changes");
  const isStream = (response) => response.headers()["content-type"]?.startsWith("text/event-stream");
  const open = page.waitForResponse(isStream);
  await run(page);
  await open;
  await fetch(`${server.origin}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: 'mutation { createSession(input: {integrationId: "seen"}) { replayed } }' }),
  });
  const { data } = await resultWith(page, "seen");
  assert.equal(data.sessionEvents.node.session.integrationId, "seen");
  await page.getByRole("button", { name: "Stop query" }).click();
  await page.getByRole("button", { name: "Execute query" }).waitFor();
  assert.deepEqual(problems, []);
});

test("only a client that accepts HTML gets the page", async () => {
  const html = await fetch(`${server.origin}/graphql`, { headers: { Accept: "text/html" } });
  assert.equal(html.status, 200);
  assert.match(html.headers.get("Content-Type"), /^text\/html/);
  assert.match(html.headers.get("Content-Security-Policy"), /default-src 'none'/);
  const json = await fetch(`${server.origin}/graphql`, { headers: { Accept: "application/json" } });
  assert.match(json.headers.get("Content-Type"), /^application\/json/);
});
