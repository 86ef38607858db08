// The rules of Cartograph's domain for createSession, addCartItems and closeSession, as pure functions.
import { randomBytes } from "node:crypto";

const MAX_ID = 1_000;
const MAX_LINES = 1_000;
const MAX_UNITS = 10_000;
const NEXT = { open: ["CLOSED", "CANCELLED"], closed: ["PARTIALLY_RETURNED", "CANCELLED"], partially_returned: ["CANCELLED"] };
const AMOUNT = /^(\d{1,14})(?:\.(\d{1,4})0*)?$/;
const INPUT_FIELDS = ["attributes", "cartItems", "coupon", "discounts", "identifiers", "profileId", "referral"];

export const ACTOR = "benchmark";

// Thrown to refuse a change; its transaction is rolled back.
export class Refused extends Error {
  constructor(errors) {
    super("refused");
    this.errors = errors;
  }
}

const refusal = (type, path, message) => ({ type, path, message });
const refuse = (type, path, message) => new Refused([refusal(type, path, message)]);

export const taken = (integrationId) =>
  refuse("SessionAlreadyExists", ["integrationId"], `A session "${integrationId}" exists already in this application.`);

// Whether a text's length is within bounds and every database can store it. Code points are only counted near the limit.
const storable = (text, min, max) =>
  text.length >= min &&
  (text.length <= max || [...text].length <= max) &&
  text.isWellFormed() &&
  !text.includes("\0");

// Convert an amount to ten-thousandths; undefined if it is not valid.
const units = (amount) => {
  const found = AMOUNT.exec(amount);
  const whole = found ? Number(found[1]) * 10_000 + Number((found[2] ?? "").padEnd(4, "0")) : NaN;
  return Number.isSafeInteger(whole) ? whole : undefined;
};

const newLinePrefix = () => randomBytes(9).toString("base64url");

const demanding = (errors) => (met, path, message) => met || errors.push(refusal("InvalidInput", path, message));

// The lines of an input, with the problems of each appended to `errors`.
const checked = (given, field, errors) => {
  const demand = demanding(errors);
  demand(given.length <= MAX_LINES, [field], `Expected at most ${MAX_LINES} lines, got ${given.length}.`);
  return given.map(({ sku, name, quantity, price }, index) => {
    const path = [field, `${index}`];
    const amount = units(price);
    demand(storable(sku, 1, MAX_ID), [...path, "sku"], `Expected 1 to ${MAX_ID} characters.`);
    demand(quantity >= 1 && quantity <= MAX_UNITS, [...path, "quantity"], `Expected 1 to ${MAX_UNITS}.`);
    demand(amount !== undefined, [...path, "price"], `Expected an amount, got ${price}.`);
    demand(storable(name ?? "", 0, MAX_ID), [...path, "name"], `Expected at most ${MAX_ID} characters.`);
    return { sku, name: name ?? null, quantity, price: amount };
  });
};

const sum = (lines, value) => lines.reduce((before, line) => before + value(line), 0);

// The bytes of a session's texts as JSON without quotes, and 100 for each line. The sessions have nothing else.
const sizeOf = ({ integration_id, profile_id, lines }) => {
  const texts = lines.map(({ sku, name }) => sku + (name ?? "")).join("");
  return 100 * lines.length + Buffer.byteLength(JSON.stringify(integration_id + (profile_id ?? "") + texts)) - 2;
};

// The row of a new session. The database assigns its id and determines whether it is the customer's first.
export const created = ({ integrationId, profileId, cartItems }, now) => {
  const errors = [];
  const demand = demanding(errors);
  demand(storable(integrationId, 1, MAX_ID), ["integrationId"], `Expected 1 to ${MAX_ID} characters.`);
  demand(storable(profileId ?? "", 0, MAX_ID), ["profileId"], `Expected at most ${MAX_ID} characters.`);
  const prefix = newLinePrefix();
  const lines = checked(cartItems ?? [], "cartItems", errors).map((line, position) => ({
    id: `${prefix}${position}`,
    position,
    ...line,
  }));
  if (!errors.length) {
    const all = sum(lines, ({ quantity }) => quantity);
    demand(all <= MAX_UNITS, ["cartItems"], `Expected at most ${MAX_UNITS} units in all, got ${all}.`);
  }
  if (errors.length) throw new Refused(errors);
  const total = sum(lines, ({ price, quantity }) => price * quantity);
  return {
    integration_id: integrationId,
    profile_id: profileId || null,
    state: "open",
    version: 1,
    first_session: 1,
    size: sizeOf({ integration_id: integrationId, profile_id: profileId, lines }),
    total,
    discount_total: 0,
    returned_total: 0,
    created: now,
    updated: now,
    lines,
  };
};

const expectVersion = (session, integrationId, expected) => {
  if (!session) throw refuse("SessionNotFound", ["integrationId"], `There is no session "${integrationId}".`);
  if (expected != null && expected !== session.version)
    throw refuse("VersionConflict", ["expectedVersion"], `The session is at version ${session.version}, not ${expected}.`);
};

// The open session with more lines, and which lines changed. A line with the item of another adds to its quantity.
export const added = (session, lines, { integrationId, expectedVersion, items }, now) => {
  expectVersion(session, integrationId, expectedVersion);
  if (session.state !== "open")
    throw refuse("SessionNotEditable", [], `Only an OPEN session can be updated; this session is ${session.state.toUpperCase()}.`);
  const errors = [];
  const demand = demanding(errors);
  demand(items.length >= 1, ["items"], "Expected at least one line.");
  const given = checked(items, "items", errors);
  if (errors.length) throw new Refused(errors);
  const after = [...lines];
  const changed = new Set();
  const prefix = newLinePrefix();
  for (const line of given) {
    const same = ({ sku, name, price }) => sku === line.sku && name === line.name && price === line.price;
    const found = after.findIndex(same);
    const position = found < 0 ? after.length : found;
    const before = found < 0 ? { ...line, id: `${prefix}${position}`, position, quantity: 0 } : after[found];
    after[position] = { ...before, quantity: before.quantity + line.quantity };
    changed.add(position);
  }
  const all = sum(after, ({ quantity }) => quantity);
  demand(after.length <= MAX_LINES, ["items"], `Expected at most ${MAX_LINES} lines in all, got ${after.length}.`);
  demand(all <= MAX_UNITS, ["items"], `Expected at most ${MAX_UNITS} units in all, got ${all}.`);
  if (errors.length) throw new Refused(errors);
  const updated = now < session.updated ? session.updated : now;
  const total = sum(after, ({ price, quantity }) => price * quantity);
  const size = sizeOf({ ...session, lines: after });
  return { ...session, size, version: session.version + 1, updated, total, lines: after, changed: [...changed].map((position) => after[position]) };
};

// The closed session; other fields do not change.
export const closed = (session, integrationId, expectedVersion, now) => {
  expectVersion(session, integrationId, expectedVersion);
  const { version, state } = session;
  if (state !== "open") {
    const possible = (NEXT[state] ?? []).join(" or ") || "nothing";
    const from = state.toUpperCase();
    throw refuse("InvalidTransition", [], `A session that is ${from} cannot become CLOSED; it can become ${possible}.`);
  }
  const updated = now < session.updated ? session.updated : now;
  return { ...session, state: "closed", version: version + 1, updated, closed: updated };
};

// The event of a change; `changes` has the new values of the changed fields.
const event = (type, session, from, changes) => ({
  session_id: session.id,
  version: session.version,
  type,
  occurred: session.updated,
  actor: ACTOR,
  state: session.state,
  from_state: from,
  total: session.total,
  discount_total: session.discount_total,
  changed_fields: JSON.stringify(INPUT_FIELDS.filter((name) => name in changes)),
  changes: JSON.stringify(changes),
});

const item = ({ id, sku, name, quantity, price }) => ({
  id,
  sku,
  ...(name === null ? {} : { name }),
  quantity,
  price: price / 10_000,
});

export const createdEvent = (session) =>
  event("created", session, null, {
    integrationId: session.integration_id,
    created: session.created,
    applicationId: 1,
    profileId: session.profile_id ?? "",
    coupon: "",
    referral: "",
    state: "open",
    cartItems: session.lines.map(item),
    identifiers: [],
    total: session.total / 10_000,
    attributes: {},
    firstSession: Boolean(session.first_session),
    discounts: {},
    updated: session.updated,
  });

export const closedEvent = (session) =>
  event("closed", session, "open", { state: "closed", updated: session.updated, closed: session.closed });

export const addedEvent = (session) =>
  event("updated", session, "open", {
    cartItems: session.lines.map(item),
    total: session.total / 10_000,
    updated: session.updated,
  });
