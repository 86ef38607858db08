// The measured part of Cartograph's schema, and conversions of values: the database stores amounts in ten-thousandths,
// and states and types of events in lower case.
export const schema = `
  scalar Decimal
  scalar DateTime
  enum SessionState { OPEN CLOSED PARTIALLY_RETURNED CANCELLED }
  input DateTimeRange { from: DateTime, to: DateTime }
  input CustomerSessionFilter { states: [SessionState!], coupons: [String!], created: DateTimeRange }
  type CartItem {
    position: Int!
    sku: String!
    name: String
    quantity: Int!
    price: Decimal!
    total: Decimal!
  }
  type Discount { label: String!, amount: Decimal! }
  type SessionReturn { created: DateTime!, amount: Decimal! }
  type CustomerProfile { integrationId: String!, created: DateTime! }
  interface SessionEvent { version: Int!, occurred: DateTime!, actor: String! }
  type SessionCreated implements SessionEvent { version: Int!, occurred: DateTime!, actor: String! }
  type SessionUpdated implements SessionEvent { version: Int!, occurred: DateTime!, actor: String! }
  type SessionClosed implements SessionEvent { version: Int!, occurred: DateTime!, actor: String! }
  type ItemsReturned implements SessionEvent { version: Int!, occurred: DateTime!, actor: String! }
  type SessionCancelled implements SessionEvent { version: Int!, occurred: DateTime!, actor: String! }
  type SessionEventConnection { nodes: [SessionEvent!]! }
  type CustomerSession {
    integrationId: String!
    profileId: String
    state: SessionState!
    version: Int!
    coupon: String
    total: Decimal!
    netTotal: Decimal!
    created: DateTime!
    firstSession: Boolean!
    profile: CustomerProfile
    cartItems: [CartItem!]!
    discounts: [Discount!]!
    returns: [SessionReturn!]!
    events(last: Int = 20): SessionEventConnection!
  }
  type CustomerSessionConnection { nodes: [CustomerSession!]!, totalCount: Int! }
  type Query {
    customerSession(integrationId: String!): CustomerSession
    customerSessions(first: Int = 20, filter: CustomerSessionFilter): CustomerSessionConnection!
  }
  interface UserError { message: String!, path: [String!]! }
  type InvalidInput implements UserError { message: String!, path: [String!]! }
  type SessionAlreadyExists implements UserError { message: String!, path: [String!]! }
  type SessionNotFound implements UserError { message: String!, path: [String!]! }
  type VersionConflict implements UserError { message: String!, path: [String!]! }
  type InvalidTransition implements UserError { message: String!, path: [String!]! }
  input CartItemInput { sku: String!, quantity: Int!, price: Decimal!, name: String }
  input CreateSessionInput { integrationId: String!, profileId: String, cartItems: [CartItemInput!] }
  type SessionNotEditable implements UserError { message: String!, path: [String!]! }
  input AddCartItemsInput { integrationId: String!, items: [CartItemInput!]!, expectedVersion: Int }
  input CloseSessionInput { integrationId: String!, expectedVersion: Int }
  type CreateSessionPayload { session: CustomerSession, errors: [UserError!]! }
  type CartPayload { session: CustomerSession, errors: [UserError!]! }
  type CloseSessionPayload { session: CustomerSession, errors: [UserError!]! }
  type Mutation {
    createSession(input: CreateSessionInput!): CreateSessionPayload!
    addCartItems(input: AddCartItemsInput!): CartPayload!
    closeSession(input: CloseSessionInput!): CloseSessionPayload!
  }
`;

export const EVENTS = {
  created: "SessionCreated",
  updated: "SessionUpdated",
  closed: "SessionClosed",
  items_returned: "ItemsReturned",
  cancelled: "SessionCancelled",
};

export const money = (tenThousandths) => (tenThousandths / 10_000).toFixed(2);

export const line = ({ position, sku, name, quantity, price }) => ({
  position,
  sku,
  name,
  quantity,
  price: money(price),
  total: money(price * quantity),
});
