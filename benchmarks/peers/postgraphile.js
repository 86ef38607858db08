// PostGraphile over node-postgres, its schema made from the tables, and what Cartograph prints otherwise (amounts,
// moments, states) added by SQL in its plans, as its manual advises. It asks for no key.
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { TYPES } from "postgraphile/@dataplan/pg";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { extendSchema, gql, jsonPgSmartTags } from "postgraphile/utils";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

Promise.withResolvers ??= () => {
  // which Node has from 22 on
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const text = (expression) => ($row) =>
  $row.select((sql) => expression(sql, $row.getClassStep().alias), TYPES.text, true);
const money = (sql, units) => sql`(${units} / 10000.0)::numeric(20, 2)::text`;
const MOMENT = `YYYY-MM-DD"T"HH24:MI:SS.MS"Z"`;

const printed = extendSchema({
  typeDefs: gql`
    extend type CustomerSession { printedState: String!, printedTotal: String!, printedCreated: String! }
    extend type CartItem { printedPrice: String!, printedTotal: String! }
  `,
  objects: {
    CustomerSession: {
      plans: {
        printedState: text((sql, row) => sql`upper(${row}.state)`),
        printedTotal: text((sql, row) => money(sql, sql`${row}.total`)),
        printedCreated: text((sql, row) => sql`to_char(${row}.created AT TIME ZONE 'UTC', ${sql.literal(MOMENT)})`),
      },
    },
    CartItem: {
      plans: {
        printedPrice: text((sql, row) => money(sql, sql`${row}.price`)),
        printedTotal: text((sql, row) => money(sql, sql`${row}.price * ${row}.quantity`)),
      },
    },
  },
});

// The lines of a cart are a list, without what a connection has around it.
const tags = jsonPgSmartTags({
  version: 1,
  config: {
    constraint: {
      "public.cart_item.fk_cart_item_customer_session": {
        tags: { foreignSimpleFieldName: "cartItems", behavior: "-connection +list" },
      },
    },
  },
});

// It finds one row by the columns of a key, and Cartograph's key is of an expression, for texts of any length.
const client = new pg.Client(process.env.DATABASE);
await client.connect();
await client.query(`ALTER TABLE customer_session
  DROP CONSTRAINT IF EXISTS named, ADD CONSTRAINT named UNIQUE (application_id, integration_id)`);
await client.end();

const server = createServer();
const pgl = postgraphile({
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  plugins: [printed, tags],
  pgServices: [makePgService({ connectionString: process.env.DATABASE, schemas: ["public"], max: 10 })],
  grafast: { explain: false },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
});
await pgl.createServ(grafserv).addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
