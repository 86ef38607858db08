// Writes the types of operations.graphql into build, by GraphQL Code Generator, from schema.graphql.
import { mkdir, readFile, writeFile } from "node:fs/promises";

import { codegen } from "@graphql-codegen/core";
import * as documentNodes from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";

const here = new URL(".", import.meta.url);
const parsed = async (name) => parse(await readFile(new URL(name, here), "utf8"));

const code = await codegen({
  filename: "operations.ts",
  schema: await parsed("../../../schema.graphql"),
  documents: [{ location: "operations.graphql", document: await parsed("operations.graphql") }],
  config: {
    strictScalars: true,
    scalars: {
      DateTime: "string",
      Decimal: { input: "string | number", output: "string" },
      JSONObject: "Record<string, unknown>",
    },
    enumsAsTypes: true,
    useTypeImports: true,
  },
  plugins: [{ operations: {} }, { documentNodes: {} }],
  pluginMap: { operations, documentNodes },
});

const folder = new URL("build/", here);
await mkdir(folder, { recursive: true });
await writeFile(new URL("operations.ts", folder), code);
