// The audits of GraphQL over HTTP that npm's graphql-http brings, all of them, against the running server.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { serverAudits } from "graphql-http";

import { serve } from "../browser/server.js";

const server = await serve();

after(() => server.stop());

// What every client of ours sends: a key, and word that no other site made it send a GET.
function fetchFn(url, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${server.key}` };
  return fetch(url, { ...options, headers });
}

const audits = serverAudits({ url: `${server.origin}/graphql`, fetchFn });

test("there are as many audits as there were", () => assert.equal(audits.length, 61));

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const { status, reason } = await audit.fn();
    assert.equal(status, "ok", reason);
  });
}
