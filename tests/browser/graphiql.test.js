// What a person sees who opens the development server in a browser.
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

// A test of the page, on a fresh profile. `trouble` gathers what the browser complains of and what leaves the origin.
function onPage(sentence, steps, options = {}) {
  test(sentence, async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
    const trouble = [];
    page.on("console", (message) => message.type() === "error" && trouble.push(message.text()));
    page.on("pageerror", (error) => trouble.push(error.message));
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "data:" && origin !== server.origin) trouble.push(request.url());
    });
    try {
      await page.goto(`${server.origin}/graphql`);
      await page.locator(".graphiql-query-editor .CodeMirror").waitFor();
      await steps(page, trouble);
    } finally {
      await photograph(page, sentence);
      await page.close();
    }
  });
}

async function photograph(page, sentence) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${sentence.replaceAll(/\W+/g, "-")}.png`) });
}

const run = (page) => page.locator(".graphiql-execute-button").click();

async function type(page, editor, text) {
  await page.locator(`${editor} .CodeMirror`).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

// GraphiQL waits for a pause in the typing before it reads a document; until then it would run the operation before.
const isRead = (page, operation) =>
  page.waitForFunction((name) => localStorage.getItem("graphiql:operationName") === name, operation);

async function answer(page, wanted) {
  const result = page.locator(".result-window", { hasText: wanted });
  await result.waitFor();
  return JSON.parse(await result.locator(".CodeMirror").evaluate((element) => element.CodeMirror.getValue()));
}

onPage("the first query runs with the development key, and nothing leaves the origin", async (page, trouble) => {
  assert.equal(await page.title(), "Cartograph");
  await run(page);
  const { data, errors } = await answer(page, "keyName");
  assert.equal(errors, undefined);
  assert.match(data.viewer.application.currency, /^[A-Z]{3}$/);
  assert.deepEqual(trouble, []);
});

onPage("the second tab shows a session that is there", async (page, trouble) => {
  await page.getByRole("tab", { name: "Session" }).click();
  await isRead(page, "Session");
  await run(page);
  const { data } = await answer(page, "cartItems");
  assert.ok(data.customerSession.cartItems.length > 0);
  assert.deepEqual(trouble, []);
  if (process.env.PICTURE) await page.screenshot({ path: process.env.PICTURE }); // the README's
});

onPage(
  "the documentation shows the schema, in the dark too",
  async (page, trouble) => {
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer").getByRole("link", { name: "Query", exact: true }).click();
    await page.locator(".graphiql-doc-explorer").getByRole("link", { name: "customerSession", exact: true }).waitFor();
    assert.deepEqual(trouble, []);
  },
  { colorScheme: "dark" },
);

onPage("the dialogs keep to the content security policy", async (page, trouble) => {
  await page.getByRole("button", { name: "Open settings dialog" }).click();
  await page.getByRole("dialog").waitFor();
  assert.deepEqual(trouble, []);
});

onPage("a key that is typed is sent in place of the development key", async (page) => {
  await page.getByRole("button", { name: "Headers" }).click();
  await type(page, ".graphiql-editor-tool .graphiql-editor:not(.hidden)", '{"Authorization": "Bearer ck_1_nobody_0"}');
  await run(page);
  const { errors } = await answer(page, "errors");
  assert.equal(errors[0].extensions.code, "UNAUTHENTICATED");
});

const FEED = "subscription Feed { sessionEvents { node { session { integrationId } } } }";

onPage("a subscription shows each change as it is made, until it is stopped", async (page, trouble) => {
  const key = await page.locator("#graphiql").getAttribute("data-dev-key");
  await type(page, ".graphiql-query-editor", FEED);
  await isRead(page, "Feed");
  const isStream = (response) => response.headers()["content-type"]?.startsWith("text/event-stream");
  const open = page.waitForResponse(isStream);
  await run(page);
  await open;
  await fetch(`${server.origin}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: 'mutation { createSession(input: {integrationId: "seen"}) { replayed } }' }),
  });
  const { data } = await answer(page, "seen");
  assert.equal(data.sessionEvents.node.session.integrationId, "seen");
  await page.getByRole("button", { name: "Stop query" }).click();
  await page.getByRole("button", { name: "Execute query" }).waitFor();
  assert.deepEqual(trouble, []);
});

test("only a client that accepts HTML gets the page", async () => {
  const html = await fetch(`${server.origin}/graphql`, { headers: { Accept: "text/html" } });
  assert.equal(html.status, 200);
  assert.match(html.headers.get("Content-Type"), /^text\/html/);
  assert.match(html.headers.get("Content-Security-Policy"), /default-src 'none'/);
  const json = await fetch(`${server.origin}/graphql`, { headers: { Accept: "application/json" } });
  assert.match(json.headers.get("Content-Type"), /^application\/json/);
});
