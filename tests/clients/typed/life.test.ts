// The life of a session in TypeScript, from a shop's backend and from a shopper's browser: generated types, and the
// clients graphql-request, graphql-ws and graphql-sse.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";

import { print } from "graphql";
import { ClientError, GraphQLClient } from "graphql-request";
import * as sse from "graphql-sse";
import * as socket from "graphql-ws";
import WebSocket from "ws";

import {
  CloseDocument,
  CreateDocument,
  FollowedDocument,
  HistoryDocument,
  ReturnDocument,
  SessionsDocument,
  TokenDocument,
  UpdateDocument,
  type CartItemInput,
  type FollowedSubscription,
  type FollowedSubscriptionVariables,
} from "./build/operations.js";

interface Server {
  origin: string;
  key: string;
  stop(): Promise<void>;
}

const { href } = new URL("../../browser/server.js", import.meta.url);
const { serve } = (await import(href)) as { serve(): Promise<Server> };
const server = await serve();

after(() => server.stop());

const clientWith = (key: string) =>
  new GraphQLClient(`${server.origin}/graphql`, { headers: { Authorization: `Bearer ${key}` } });
const shop = clientWith(server.key);
const integrationId = `typed-${randomUUID()}`;

const mugs: CartItemInput = { sku: "mug", name: "Mug", quantity: 2, price: "9.95", product: { name: "Mugs" } };
const tea: CartItemInput = { sku: "tea", quantity: 1, price: "4.10" };

test("a session is created, and amounts are strings", async () => {
  const { createSession } = await shop.request(CreateDocument, {
    input: { integrationId, profileId: "ada", cartItems: [mugs, tea] },
  });
  assert.deepEqual(createSession.errors, []);
  assert.ok(createSession.session);
  const total: string = createSession.session.total;
  assert.equal(total, "24.00");
  assert.deepEqual(createSession.session.nextStates, ["CLOSED", "CANCELLED"]);
  assert.equal(createSession.session.cartItems[0]?.product?.name, "Mugs");
});

test("an update shares a discount among the lines", async () => {
  const { updateSession } = await shop.request(UpdateDocument, {
    input: { integrationId, expectedVersion: 1, discounts: [{ label: "Spring sale", amount: "5.00" }] },
  });
  assert.equal(updateSession.session?.netTotal, "19.00");
  const shares = updateSession.session?.cartItems.map((item) => item.discountShare);
  assert.deepEqual(shares, ["4.15", "0.85"]);
});

test("a token changes the cart of its session, and nothing else", async () => {
  const { createSessionToken } = await shop.request(TokenDocument, {
    input: { integrationId, rights: "WRITE_CART", expiresIn: 60 },
  });
  assert.ok(createSessionToken.token && createSessionToken.expires);
  assert.ok(Date.parse(createSessionToken.expires) > Date.now());
  const browser = clientWith(createSessionToken.token);
  const { updateSession } = await browser.request(UpdateDocument, { input: { integrationId, coupon: "SPRING" } });
  assert.equal(updateSession.session?.coupon, "SPRING");
  await forbidden(browser.request(UpdateDocument, { input: { integrationId, discounts: [] } }));
  await forbidden(browser.request(SessionsDocument, {}));
  await forbidden(browser.request(CloseDocument, { input: { integrationId } }));
  const { customerSession } = await browser.request(HistoryDocument, { integrationId: "another" });
  assert.equal(customerSession, null);
});

test("a session is closed once, for the net total that the shopper saw", async () => {
  const refused = await shop.request(CloseDocument, { input: { integrationId, expectedNetTotal: "1.00" } });
  const [error] = refused.closeSession.errors;
  assert.ok(error?.__typename === "NetTotalChanged");
  assert.deepEqual([error.expectedNetTotal, error.actualNetTotal], ["1.00", "19.00"]);

  const input = { integrationId, expectedNetTotal: 19, idempotencyKey: "payment-1" };
  const { closeSession } = await shop.request(CloseDocument, { input });
  assert.equal(closeSession.session?.state, "CLOSED");
  const again = await shop.request(CloseDocument, { input });
  assert.deepEqual([again.closeSession.replayed, again.closeSession.errors], [true, []]);

  const afterwards = await shop.request(UpdateDocument, { input: { integrationId, coupon: null } });
  const [refusal] = afterwards.updateSession.errors;
  assert.ok(refusal?.__typename === "SessionNotEditable");
  assert.equal(refusal.state, "CLOSED");
});

test("a returned mug is refunded with its share of the discount taken off", async () => {
  const { returnItems } = await shop.request(ReturnDocument, {
    input: { integrationId, items: [{ line: { sku: "mug" }, quantity: 1 }] },
  });
  assert.deepEqual(returnItems.return, { amount: "7.87", items: [{ sku: "mug", quantity: 1 }] });
  assert.equal(returnItems.session?.netTotal, "11.13");
});

test("the history has each change", async () => {
  const { customerSession } = await shop.request(HistoryDocument, { integrationId, first: 10 });
  assert.ok(customerSession);
  const changes = customerSession.events.nodes.map((event) => {
    switch (event.__typename) {
      case "SessionUpdated":
        return event.changedFields.join();
      case "ItemsReturned":
        return event.return.amount;
      default:
        return event.__typename;
    }
  });
  assert.deepEqual(changes, ["SessionCreated", "discounts", "coupon", "SessionClosed", "7.87"]);
  assert.equal(customerSession.profile?.totalSales, "24.00");
});

type Follow = (query: string, variables: FollowedSubscriptionVariables) => Followed;
type Followed = AsyncIterable<{ data?: FollowedSubscription | null | undefined; errors?: unknown }>;

const transports: Record<string, { follow: Follow; stop: () => unknown }> = {
  "over graphql-transport-ws": overWebSocket(),
  "by server-sent events": overServerSentEvents(),
};

for (const [name, { follow, stop }] of Object.entries(transports)) {
  test(`a subscription ${name} replays events and then receives new ones`, async () => {
    const integrationId = `followed-${randomUUID()}`;
    await shop.request(CreateDocument, { input: { integrationId, cartItems: [tea] } });
    const received: string[] = [];
    for await (const { data, errors } of follow(print(FollowedDocument), { integrationId, afterVersion: 0 })) {
      assert.equal(errors, undefined);
      assert.ok(data);
      const event = data.customerSessionChanged;
      received.push(`${event.version} ${event.__typename === "SessionUpdated" ? event.changedFields : event.session.state}`);
      if (event.version === 1) await shop.request(UpdateDocument, { input: { integrationId, coupon: "SPRING" } });
      if (event.version === 2) await shop.request(CloseDocument, { input: { integrationId } });
      if (event.version === 3) break;
    }
    assert.deepEqual(received, ["1 OPEN", "2 coupon", "3 CLOSED"]);
    await stop();
  });
}

function overWebSocket() {
  const client = socket.createClient({
    url: `${server.origin.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${server.key}` },
  });
  const follow: Follow = (query, variables) => client.iterate<FollowedSubscription>({ query, variables });
  return { follow, stop: () => client.dispose() };
}

function overServerSentEvents() {
  const client = sse.createClient({
    url: `${server.origin}/graphql`,
    headers: { Authorization: `Bearer ${server.key}` },
  });
  const follow: Follow = (query, variables) => client.iterate<FollowedSubscription>({ query, variables });
  return { follow, stop: () => client.dispose() };
}

test("a filter finds the session", async () => {
  const { customerSessions } = await shop.request(SessionsDocument, {
    filter: { integrationIdPrefix: integrationId, states: ["PARTIALLY_RETURNED"], total: { min: "24.00" } },
    orderBy: { field: "TOTAL" },
  });
  assert.deepEqual(customerSessions, { totalCount: 1, nodes: [{ integrationId }] });
});

test("input that the types refuse is refused by the server", async () => {
  // @ts-expect-error: a price is a string or a number
  await assert.rejects(shop.request(CreateDocument, { input: { integrationId, cartItems: [{ ...mugs, price: true }] } }));
  // @ts-expect-error: integrationId is required
  await assert.rejects(shop.request(CreateDocument, { input: {} }));
  // @ts-expect-error: there is no such state
  await assert.rejects(shop.request(SessionsDocument, { filter: { states: ["SHIPPED"] } }));
  const line = { sku: "mug", position: 0 };
  // @ts-expect-error: exactly one field identifies a line
  await assert.rejects(shop.request(ReturnDocument, { input: { integrationId, items: [{ line }] } }));
});

async function forbidden(request: Promise<unknown>): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof ClientError);
    assert.equal(error.response.errors?.[0]?.extensions?.["code"], "FORBIDDEN");
    return true;
  });
}
