// Manifests of trusted documents as GraphQL Code Generator's client preset and Relay's compiler write them.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { serve } from "../browser/server.js";

const build = new URL("trusted/build/", import.meta.url);
const codegen = new URL("codegen/persisted-documents.json", build);
const relay = new URL("relay.json", build);

// Returns the names and IDs of operations that a client of GraphQL Code Generator sends: those of the manifest.
async function idsOfCodegen() {
  const documents = Object.entries(JSON.parse(await readFile(codegen, "utf8")));
  return documents.map(([id, text]) => [text.match(/(?:query|mutation) (\w+)/)[1], id]);
}

// Returns the names and IDs of operations that a client of Relay sends: those in the parameters of its artifacts.
async function idsOfRelay() {
  const folder = new URL("relay/", build);
  const names = (await readdir(folder)).filter((name) => /(Query|Mutation)\.graphql\.js$/.test(name));
  const artifacts = await Promise.all(names.map((name) => import(new URL(name, folder))));
  return artifacts.map(({ default: { params } }) => [params.name.replace(/^Shop|Query$|Mutation$/g, ""), params.id]);
}

for (const [tool, manifest, ids] of [
  ["GraphQL Code Generator", codegen, idsOfCodegen],
  ["Relay", relay, idsOfRelay],
]) {
  for (const mode of ["allow", "only"]) {
    test(`the manifest of ${tool} is served in mode ${mode}`, async (context) => {
      const options = ["--trusted-documents", fileURLToPath(manifest)];
      const server = await serve(options, { CARTOGRAPH_TRUSTED_DOCUMENTS_MODE: mode });
      context.after(() => server.stop());
      const { Who, Create, Total } = Object.fromEntries(await ids());
      const ask = async (body) => {
        const headers = { "Content-Type": "application/json", Authorization: `Bearer ${server.key}` };
        return (await fetch(`${server.origin}/graphql`, { method: "POST", headers, body: JSON.stringify(body) })).json();
      };
      const code = ({ errors }) => errors?.[0].extensions.code;

      const input = { integrationId: "trusted", cartItems: [{ sku: "mug", quantity: 2, price: "9.95" }] };
      const created = await ask({ documentId: Create, variables: { input } });
      assert.equal(created.data.createSession.session.total, "19.90");
      const read = await ask({ documentId: Total, variables: { integrationId: "trusted" } });
      assert.equal(read.data.customerSession.integrationId, "trusted");
      assert.ok((await ask({ documentId: Who })).data.viewer.role);

      assert.equal(code(await ask({ documentId: `${Who}0` })), "DOCUMENT_NOT_FOUND");
      const untrusted = await ask({ query: "{ viewer { role } }" });
      assert.equal(code(untrusted), mode === "only" ? "FORBIDDEN" : undefined);
    });
  }
}
