// Mercurius with graphql-jit and batched loaders over better-sqlite3, which reads in the event loop. It asks for no key.
import Database from "better-sqlite3";
import Fastify from "fastify";
import mercurius from "mercurius";

const schema = `
  scalar Decimal
  scalar DateTime
  enum SessionState { OPEN CLOSED PARTIALLY_RETURNED CANCELLED }
  interface Node { id: ID! }
  type CartItem {
    position: Int!
    sku: String!
    name: String
    quantity: Int!
    price: Decimal!
    total: Decimal!
  }
  type CustomerSession implements Node {
    id: ID!
    integrationId: String!
    profileId: String
    state: SessionState!
    total: Decimal!
    created: DateTime!
    firstSession: Boolean!
    cartItems: [CartItem!]!
  }
  type Query {
    customerSession(integrationId: String!): CustomerSession
    nodes(ids: [ID!]!): [Node]!
  }
`;

const database = new Database(process.env.DATABASE, { readonly: true });
const oneSession = database.prepare("SELECT * FROM customer_session WHERE application_id = 1 AND integration_id = ?");
const sessionsOf = database.prepare(
  "SELECT * FROM customer_session WHERE application_id = 1 AND id IN (SELECT value FROM json_each(?))",
);
const linesOf = database.prepare(`
  SELECT session_id, position, sku, name, quantity, price FROM cart_item
  WHERE application_id = 1 AND session_id IN (SELECT value FROM json_each(?))
  ORDER BY session_id, position
`);

const money = (tenThousandths) => (tenThousandths / 10_000).toFixed(2);

const session = (row) => ({
  key: row.id,
  id: `session-1-${row.id}`,
  integrationId: row.integration_id,
  profileId: row.profile_id,
  state: row.state.toUpperCase(),
  total: money(row.total),
  created: row.created,
  firstSession: row.first_session === 1,
});

const line = (row) => ({
  position: row.position,
  sku: row.sku,
  name: row.name,
  quantity: row.quantity,
  price: money(row.price),
  total: money(row.price * row.quantity),
});

const resolvers = {
  Node: { resolveType: () => "CustomerSession" },
  Query: {
    customerSession(_, { integrationId }) {
      const row = oneSession.get(integrationId);
      return row ? session(row) : null;
    },
    nodes(_, { ids }) {
      const keys = ids.map((id) => Number(id.slice(id.lastIndexOf("-") + 1)));
      const found = new Map(sessionsOf.all(JSON.stringify(keys)).map((row) => [row.id, session(row)]));
      return keys.map((key) => found.get(key) ?? null);
    },
  },
};

const loaders = {
  CustomerSession: {
    cartItems: {
      async loader(queries) {
        const lines = new Map(queries.map(({ obj }) => [obj.key, []]));
        for (const row of linesOf.all(JSON.stringify([...lines.keys()]))) lines.get(row.session_id).push(line(row));
        return queries.map(({ obj }) => lines.get(obj.key));
      },
      opts: { cache: false }, // each session is asked for once in a request
    },
  },
};

const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
