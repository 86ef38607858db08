// PostGraphile over node-postgres with a schema generated from the tables. Fields in Cartograph's format (amounts, times,
// states) are added as SQL in plans, as its manual advises. It has no authentication.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { TYPES } from "postgraphile/@dataplan/pg";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { extendSchema, gql, jsonPgSmartTags } from "postgraphile/utils";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

Promise.withResolvers ??= () => {
  // built in from Node 22 on
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const text = (expression) => ($row) =>
  $row.select((sql) => expression(sql, $row.getClassStep().alias), TYPES.text, true);
const money = (sql, units) => sql`(${units} / 10000.0)::numeric(20, 2)::text`;
const TIMESTAMP = `YYYY-MM-DD"T"HH24:MI:SS.MS"Z"`;

const formatted = extendSchema({
  typeDefs: gql`
    extend type CustomerSession { formattedState: String!, formattedTotal: String!, formattedCreated: String! }
    extend type CartItem { formattedPrice: String!, formattedTotal: String! }
  `,
  objects: {
    CustomerSession: {
      plans: {
        formattedState: text((sql, row) => sql`upper(${row}.state)`),
        formattedTotal: text((sql, row) => money(sql, sql`${row}.total`)),
        formattedCreated: text((sql, row) => sql`to_char(${row}.created AT TIME ZONE 'UTC', ${sql.literal(TIMESTAMP)})`),
      },
    },
    CartItem: {
      plans: {
        formattedPrice: text((sql, row) => money(sql, sql`${row}.price`)),
        formattedTotal: text((sql, row) => money(sql, sql`${row}.price * ${row}.quantity`)),
      },
    },
  },
});

// Cart lines are a plain list, not a connection.
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

const server = createServer();
const pgl = postgraphile({
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  plugins: [formatted, tags],
  pgServices: [makePgService({ connectionString: process.env.DATABASE, schemas: ["public"], max: 10 })],
  grafast: { explain: false },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
});
await pgl.createServ(grafserv).addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
