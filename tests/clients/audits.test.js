// All audits of GraphQL over HTTP from the package graphql-http, against a running server.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { serverAudits } from "graphql-http";

import { serve } from "../browser/server.js";

const server = await serve();

after(() => server.stop());

// Adds the key to each request.
function fetchFn(url, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${server.key}` };
  return fetch(url, { ...options, headers });
}

const audits = serverAudits({ url: `${server.origin}/graphql`, fetchFn });

test("no audit is missing", () => assert.equal(audits.length, 61));

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const { status, reason } = await audit.fn();
    assert.equal(status, "ok", reason);
  });
}
