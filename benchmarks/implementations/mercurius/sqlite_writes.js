// The mutations over better-sqlite3: one transaction each, with the durability of Cartograph. The payload is built from
// the written values; nothing is read again.
import Database from "better-sqlite3";

import { added, addedEvent, closed, closedEvent, created, createdEvent, Refused, taken } from "./rules.js";

export const writes = (path, shown) => {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL"); // better-sqlite3 is built with NORMAL for databases in WAL mode
  database.pragma("foreign_keys = ON");
  database.pragma("cache_size = -16384");
  database.pragma("temp_store = MEMORY");

  const addProfile = database.prepare(`
    INSERT INTO customer_profile (
      application_id, integration_id, created, updated, attributes, closed_sessions, sales_whole, sales_fraction
    )
    VALUES (1, ?, ?, ?, '{}', 0, 0, 0) ON CONFLICT DO NOTHING
  `);
  const hasSession = database
    .prepare("SELECT EXISTS (SELECT 1 FROM customer_session WHERE application_id = 1 AND profile_id = ?)")
    .pluck();
  const addSession = database
    .prepare(`
      INSERT INTO customer_session (
        application_id, id, integration_id, profile_id, state, version, first_session, minor_digits,
        total, discount_total, returned_total, created, updated, size, attributes
      )
      VALUES (
        1, (SELECT coalesce(max(id), 0) + 1 FROM customer_session WHERE application_id = 1), @integration_id,
        @profile_id, @state, @version, @first_session, 2, @total, 0, 0, @created, @updated, @size, '{}'
      )
      ON CONFLICT (application_id, integration_id) DO NOTHING RETURNING id
    `)
    .pluck();
  const addLine = database.prepare(`
    INSERT INTO cart_item (
      application_id, session_id, position, id, sku, name, quantity, returned_quantity, price, discount_share,
      returned_total, attributes
    )
    VALUES (1, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, '{}')
  `);
  const addEvent = database.prepare(`
    INSERT INTO session_event (
      application_id, session_id, version, id, type, occurred, actor, state, from_state, total, discount_total,
      changed_fields, changes
    )
    VALUES (
      1, @session_id, @version, (SELECT coalesce(max(id), 0) + 1 FROM session_event WHERE application_id = 1), @type,
      @occurred, @actor, @state, @from_state, @total, @discount_total, @changed_fields, @changes
    )
  `);
  const find = database.prepare("SELECT * FROM customer_session WHERE application_id = 1 AND integration_id = ?");
  const linesOf = database.prepare(`
    SELECT id, position, sku, name, quantity, price FROM cart_item
    WHERE application_id = 1 AND session_id = ? ORDER BY position
  `);
  const putAdded = database.prepare(`
    UPDATE customer_session SET version = @version, updated = @updated, total = @total, size = @size
    WHERE application_id = 1 AND id = @id AND version = @version - 1
  `);
  const putLine = database.prepare(`
    UPDATE cart_item SET quantity = ? WHERE application_id = 1 AND session_id = ? AND position = ?
  `);
  const putClosed = database.prepare(`
    UPDATE customer_session SET state = @state, version = @version, updated = @updated, closed = @closed
    WHERE application_id = 1 AND id = @id AND version = @version - 1
  `);

  const addSale = database.prepare(`
    UPDATE customer_profile SET closed_sessions = closed_sessions + 1,
      sales_whole = sales_whole + CAST(@total AS INTEGER) / 10000,
      sales_fraction = sales_fraction + CAST(@total AS INTEGER) % 10000
    WHERE application_id = 1 AND integration_id = @profile_id
  `);

  const create = database.transaction((input, now) => {
    const session = created(input, now);
    if (session.profile_id !== null) {
      addProfile.run(session.profile_id, now, now);
      session.first_session = hasSession.get(session.profile_id) ? 0 : 1;
    }
    session.id = addSession.get(session);
    if (session.id === undefined) throw taken(session.integration_id);
    for (const { position, id, sku, name, quantity, price } of session.lines)
      addLine.run(session.id, position, id, sku, name, quantity, price);
    addEvent.run(createdEvent(session));
    return session;
  });
  const add = database.transaction((input, now) => {
    const before = find.get(input.integrationId);
    const lines = before ? linesOf.all(before.id) : [];
    const session = added(before, lines, input, now);
    if (putAdded.run(session).changes !== 1) throw new Error("the session was changed concurrently");
    for (const { position, id, sku, name, quantity, price } of session.changed)
      if (position < lines.length) putLine.run(quantity, session.id, position);
      else addLine.run(session.id, position, id, sku, name, quantity, price);
    addEvent.run(addedEvent(session));
    return session;
  });
  const close = database.transaction(({ integrationId, expectedVersion }, now) => {
    const session = closed(find.get(integrationId), integrationId, expectedVersion, now);
    if (putClosed.run(session).changes !== 1) throw new Error("the session was changed concurrently");
    if (session.profile_id !== null) addSale.run({ total: session.total, profile_id: session.profile_id });
    addEvent.run(closedEvent(session));
    return session;
  });

  const run =
    (change) =>
    (_, { input }) => {
      try {
        return { session: shown(change.immediate(input, new Date().toISOString())), errors: [] };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return { session: null, errors: error.errors };
      }
    };
  return { createSession: run(create), addCartItems: run(add), closeSession: run(close) };
};
