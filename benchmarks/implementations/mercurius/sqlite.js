// Mercurius with graphql-jit and batched loaders over better-sqlite3, whose prepared statements run in the event loop, as
// its manual advises. It has no authentication.
import Database from "better-sqlite3";
import Fastify from "fastify";
import mercurius from "mercurius";

import { EVENTS, line, money, schema } from "./schema.js";
import { writes } from "./sqlite_writes.js";

const database = new Database(process.env.DATABASE, { readonly: true });
database.pragma("cache_size = -16384"); // as in Cartograph's connections

const statements = new Map();
const prepared = (sql) => {
  if (!statements.has(sql)) statements.set(sql, database.prepare(sql));
  return statements.get(sql);
};

const session = (row) => ({
  key: row.id,
  integrationId: row.integration_id,
  profileId: row.profile_id,
  state: row.state.toUpperCase(),
  version: row.version,
  coupon: row.coupon,
  total: money(row.total),
  netTotal: money(row.total - row.discount_total - row.returned_total),
  created: row.created,
  firstSession: row.first_session === 1,
  cartItems: row.lines?.map(line),
});

const oneSession = database.prepare("SELECT * FROM customer_session WHERE application_id = 1 AND integration_id = ?");

const marks = (values) => values.map(() => "?").join(", ");

const found = ({ states, coupons, created }) => {
  const conditions = ["application_id = 1"];
  const values = [];
  const demand = (condition, ...given) => {
    conditions.push(condition);
    values.push(...given);
  };
  if (states) demand(`state IN (${marks(states)})`, ...states.map((state) => state.toLowerCase()));
  if (coupons) demand(`coupon IN (${marks(coupons)})`, ...coupons);
  if (created?.from) demand("created >= ?", created.from);
  if (created?.to) demand("created < ?", created.to);
  return { from: `FROM customer_session WHERE ${conditions.join(" AND ")}`, values };
};

const resolvers = {
  SessionEvent: { resolveType: (event) => event.type },
  UserError: { resolveType: (error) => error.type },
  Mutation: writes(process.env.DATABASE, session),
  CustomerSessionConnection: {
    nodes({ from, values, first }) {
      const newest = prepared(`SELECT * ${from} ORDER BY created DESC, id DESC LIMIT ?`);
      return newest.all(...values, first).map(session);
    },
    totalCount: ({ from, values }) => prepared(`SELECT count(*) ${from}`).pluck().get(...values),
  },
  Query: {
    customerSession(_, { integrationId }) {
      const row = oneSession.get(integrationId);
      return row ? session(row) : null;
    },
    customerSessions: (_, { first, filter }) => ({ ...found(filter ?? {}), first }),
  },
};

// Load a batch of sessions' rows from a table by one statement, which takes the ids as JSON.
const loadBySession = (sql, convert) => {
  const statement = database.prepare(sql);
  return {
    async loader(queries) {
      const parts = new Map(queries.map(({ obj }) => [obj.key, []]));
      for (const row of statement.all(JSON.stringify([...parts.keys()]))) parts.get(row.session_id).push(convert(row));
      return queries.map(({ obj }) => parts.get(obj.key));
    },
    opts: { cache: false }, // each session is loaded once in a request
  };
};

const cart = loadBySession(
  `SELECT session_id, position, sku, name, quantity, price FROM cart_item
   WHERE application_id = 1 AND session_id IN (SELECT value FROM json_each(?)) ORDER BY session_id, position`,
  line,
);
const profiles = database.prepare(`
  SELECT integration_id, created FROM customer_profile
  WHERE application_id = 1 AND integration_id IN (SELECT value FROM json_each(?))
`);
const lastEvents = database.prepare(`
  SELECT e.session_id, e.version, e.type, e.occurred, e.actor
  FROM json_each(?) AS asked
  JOIN session_event AS e ON e.application_id = 1 AND e.session_id = asked.value
  WHERE e.version IN (
    SELECT version FROM session_event
    WHERE application_id = 1 AND session_id = asked.value ORDER BY version DESC LIMIT ?
  )
  ORDER BY e.session_id, e.version
`);

const loaders = {
  CustomerSession: {
    profile: {
      async loader(queries) {
        const wanted = JSON.stringify(queries.map(({ obj }) => obj.profileId));
        const known = new Map(
          profiles.all(wanted).map((row) => [
            row.integration_id,
            { integrationId: row.integration_id, created: row.created },
          ]),
        );
        return queries.map(({ obj }) => known.get(obj.profileId) ?? null);
      },
      opts: { cache: false },
    },
    cartItems: {
      ...cart,
      async loader(queries) {
        const loaded = queries[0].obj.cartItems !== undefined; // in the payload of a mutation
        return loaded ? queries.map(({ obj }) => obj.cartItems) : cart.loader(queries);
      },
    },
    discounts: loadBySession(
      `SELECT session_id, label, amount FROM session_discount
       WHERE application_id = 1 AND session_id IN (SELECT value FROM json_each(?)) ORDER BY session_id, label`,
      ({ label, amount }) => ({ label, amount: money(amount) }),
    ),
    returns: loadBySession(
      `SELECT session_id, created, amount FROM session_return
       WHERE application_id = 1 AND session_id IN (SELECT value FROM json_each(?)) ORDER BY session_id, version`,
      ({ created, amount }) => ({ created, amount: money(amount) }),
    ),
    events: {
      async loader(queries) {
        const histories = new Map(queries.map(({ obj }) => [obj.key, []]));
        const limit = Math.max(...queries.map(({ params }) => params.last));
        for (const row of lastEvents.all(JSON.stringify([...histories.keys()]), limit))
          histories.get(row.session_id).push({ ...row, type: EVENTS[row.type] });
        return queries.map(({ obj, params }) => ({ nodes: histories.get(obj.key).slice(-params.last) }));
      },
      opts: { cache: false },
    },
  },
};

const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
