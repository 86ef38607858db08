// The mutations over node-postgres: one transaction each, pipelined as far as the rules allow, in named statements that
// each connection prepares once. The payload is built from the written values; nothing is read again.
import { added, addedEvent, closed, closedEvent, created, createdEvent, Refused, taken } from "./rules.js";

const UNIQUE_VIOLATION = "23505";

const BEGIN = { name: "begin", text: "BEGIN" };
const COMMIT = { name: "commit", text: "COMMIT" };
const ROLLBACK = { name: "rollback", text: "ROLLBACK" };
// DO NOTHING would not lock the row: two concurrent sessions could both be their customer's first.
const ADD_PROFILE = {
  name: "add profile",
  text: `
    INSERT INTO customer_profile (
      application_id, integration_id, created, updated, attributes, closed_sessions, sales_whole, sales_fraction
    )
    VALUES (1, $1, $2, $2, '{}', 0, 0, 0)
    ON CONFLICT ON CONSTRAINT pk_customer_profile DO UPDATE SET updated = customer_profile.updated`,
};
const HAS_SESSION = {
  name: "has session",
  text: `
    SELECT EXISTS (
      SELECT 1 FROM customer_session
      WHERE application_id = 1 AND profile_id = $1
    ) AS found`,
};
const EVENT_COLUMNS = `
  application_id, session_id, version, id, type, occurred, actor, state, from_state, total, discount_total,
  changed_fields, changes`;
const ADD = {
  name: "add",
  text: `
    WITH
      session AS (
        INSERT INTO customer_session (
          application_id, id, integration_id, profile_id, state, version, first_session, minor_digits, total,
          discount_total, returned_total, created, updated, size, attributes
        )
        VALUES (1, nextval('customer_session_id'), $1, $2, 'open', 1, $3, 2, $4, 0, 0, $5, $5, $15, '{}')
        RETURNING id
      ),
      lines AS (
        INSERT INTO cart_item (
          application_id, session_id, position, id, sku, name, quantity, returned_quantity, price, discount_share,
          returned_total, attributes
        )
        SELECT 1, session.id, position, line.id, sku, name, quantity, 0, price, 0, 0, '{}'
        FROM session, unnest($6::int[], $7::text[], $8::text[], $9::text[], $10::int[], $11::bigint[])
          AS line (position, id, sku, name, quantity, price)
      )
    INSERT INTO session_event (${EVENT_COLUMNS})
    SELECT 1, session.id, 1, nextval('session_event_id'), 'created', $5, $12, 'open', NULL, $4, 0, $13, $14
    FROM session
    RETURNING session_id`,
};
const FIND = {
  name: "find",
  text: `
    SELECT * FROM customer_session
    WHERE application_id = 1 AND integration_id = $1 FOR UPDATE`,
};
const FIND_LINES = {
  name: "find lines",
  text: `
    SELECT id, position, sku, name, quantity, price FROM cart_item
    WHERE application_id = 1 AND session_id = $1 ORDER BY position`,
};
const PUT_ADDED = {
  name: "put added",
  text: `
    WITH
      session AS (
        UPDATE customer_session SET version = $2, updated = $3, total = $4, size = $5
        WHERE application_id = 1 AND id = $1 AND version = $2 - 1
        RETURNING id
      ),
      lines AS (
        INSERT INTO cart_item (
          application_id, session_id, position, id, sku, name, quantity, returned_quantity, price, discount_share,
          returned_total, attributes
        )
        SELECT 1, session.id, position, line.id, sku, name, quantity, 0, price, 0, 0, '{}'
        FROM session, unnest($6::int[], $7::text[], $8::text[], $9::text[], $10::int[], $11::bigint[])
          AS line (position, id, sku, name, quantity, price)
        ON CONFLICT ON CONSTRAINT pk_cart_item DO UPDATE SET quantity = excluded.quantity
      )
    INSERT INTO session_event (${EVENT_COLUMNS})
    SELECT 1, session.id, $2, nextval('session_event_id'), 'updated', $3, $12, 'open', 'open', $4, $13, $14, $15
    FROM session
    RETURNING session_id`,
};
const CLOSE = {
  name: "close",
  text: `
    UPDATE customer_session SET state = 'closed', version = $2, updated = $3, closed = $3
    WHERE application_id = 1 AND id = $1 AND version = $2 - 1`,
};
const ADD_SALE = {
  name: "add sale",
  text: `
    UPDATE customer_profile SET closed_sessions = closed_sessions + 1,
      sales_whole = sales_whole + $2 / 10000, sales_fraction = sales_fraction + $2 % 10000
    WHERE application_id = 1 AND integration_id = $1`,
};
const APPEND = {
  name: "append",
  text: `
    INSERT INTO session_event (${EVENT_COLUMNS})
    VALUES (1, $1, $2, nextval('session_event_id'), $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
};

const LINE = ["position", "id", "sku", "name", "quantity", "price"];
const column = (lines, name) => lines.map((line) => line[name]);

const create = async (client, input, now) => {
  const session = created(input, now);
  const { integration_id, profile_id, total, lines } = session;
  const ask = (statement, ...values) => client.query({ ...statement, values });
  const [, , other] = await Promise.all(
    profile_id === null ? [ask(BEGIN)] : [ask(BEGIN), ask(ADD_PROFILE, profile_id, now), ask(HAS_SESSION, profile_id)],
  );
  session.first_session = other === undefined || !other.rows[0].found;
  const { actor, changed_fields, changes } = createdEvent(session);
  const columns = LINE.map((name) => column(lines, name));
  const first = session.first_session;
  const row = [integration_id, profile_id, first, total, now, ...columns, actor, changed_fields, changes, session.size];
  try {
    await Promise.all([ask(ADD, ...row), ask(COMMIT)]); // if the first fails, the second rolls back
  } catch (error) {
    throw error.code === UNIQUE_VIOLATION ? taken(integration_id) : error;
  }
  return session;
};

const add = async (client, input, now) => {
  const ask = (statement, ...values) => client.query({ ...statement, values });
  const [, found] = await Promise.all([ask(BEGIN), ask(FIND, input.integrationId)]);
  const before = found.rows[0];
  const lines = before ? (await ask(FIND_LINES, before.id)).rows : [];
  const session = added(before, lines, input, now);
  const { actor, discount_total, changed_fields, changes } = addedEvent(session);
  const columns = LINE.map((name) => column(session.changed, name));
  const values = [session.id, session.version, session.updated, session.total, session.size, ...columns];
  const [changed] = await Promise.all([
    ask(PUT_ADDED, ...values, actor, discount_total, changed_fields, changes),
    ask(COMMIT),
  ]);
  if (changed.rowCount !== 1) throw new Error("the session was changed concurrently");
  return session;
};

const close = async (client, { integrationId, expectedVersion }, now) => {
  const ask = (statement, ...values) => client.query({ ...statement, values });
  const [, found] = await Promise.all([ask(BEGIN), ask(FIND, integrationId)]);
  const session = closed(found.rows[0], integrationId, expectedVersion, now);
  const closing = closedEvent(session);
  const { type, actor, state, from_state, total, discount_total, changed_fields, changes } = closing;
  const row = [type, closing.occurred, actor, state, from_state, total, discount_total, changed_fields, changes];
  const [changed] = await Promise.all([
    ask(CLOSE, session.id, session.version, session.closed),
    ask(APPEND, session.id, session.version, ...row),
    ...(session.profile_id === null ? [] : [ask(ADD_SALE, session.profile_id, session.total)]),
    ask(COMMIT),
  ]);
  if (changed.rowCount !== 1) throw new Error("the session was changed concurrently");
  return session;
};

export const writes = (pool, shown) => {
  const run =
    (change) =>
    async (_, { input }) => {
      const client = await pool.connect();
      try {
        return { session: shown(await change(client, input, new Date().toISOString())), errors: [] };
      } catch (error) {
        await client.query(ROLLBACK);
        if (!(error instanceof Refused)) throw error;
        return { session: null, errors: error.errors };
      } finally {
        client.release();
      }
    };
  return { createSession: run(create), addCartItems: run(add), closeSession: run(close) };
};
