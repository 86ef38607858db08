// Mercurius with graphql-jit and batched loaders over node-postgres, as its manual advises: a pool, named statements and
// pipelining. It has no authentication.
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

import { writes } from "./postgres_writes.js";
import { line, money, schema } from "./schema.js";

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => new Date(text).toISOString());
const pool = new pg.Pool({ connectionString: process.env.DATABASE, max: 10, pipeline: true });

const session = (row) => ({
  key: row.id,
  integrationId: row.integration_id,
  profileId: row.profile_id,
  state: row.state.toUpperCase(),
  version: row.version,
  total: money(row.total),
  created: row.created,
  firstSession: row.first_session,
  cartItems: row.lines?.map(line),
});

const ONE = {
  name: "one session",
  text: `SELECT * FROM customer_session
         WHERE application_id = 1 AND left(integration_id, 500) = left($1, 500) AND integration_id = $1`,
};
const PAGE = {
  name: "page",
  text: `SELECT * FROM customer_session WHERE application_id = 1 AND created < $1
         ORDER BY created DESC, id DESC LIMIT $2`,
};
const LINES = {
  name: "lines",
  text: `SELECT session_id, position, sku, name, quantity, price FROM cart_item
         WHERE application_id = 1 AND session_id = ANY ($1) ORDER BY session_id, position`,
};

const resolvers = {
  SessionEvent: { resolveType: (event) => event.type },
  UserError: { resolveType: (error) => error.type },
  Mutation: writes(pool, session),
  Query: {
    async customerSession(_, { integrationId }) {
      const { rows } = await pool.query({ ...ONE, values: [integrationId] });
      return rows.length ? session(rows[0]) : null;
    },
    async customerSessions(_, { first, filter }) {
      const { rows } = await pool.query({ ...PAGE, values: [filter?.created?.to ?? "infinity", first] });
      return { nodes: rows.map(session) };
    },
  },
};

const loaders = {
  CustomerSession: {
    cartItems: {
      async loader(queries) {
        if (queries[0].obj.cartItems !== undefined) return queries.map(({ obj }) => obj.cartItems); // in a payload
        const carts = new Map(queries.map(({ obj }) => [obj.key, []]));
        const { rows } = await pool.query({ ...LINES, values: [[...carts.keys()]] });
        for (const row of rows) carts.get(row.session_id).push(line(row));
        return queries.map(({ obj }) => carts.get(obj.key));
      },
      opts: { cache: false }, // each session is loaded once in a request
    },
  },
};

const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
