// The operations of a shop's page, in which Relay's compiler finds them.
import { graphql } from "relay-runtime";

export const who = graphql`
  query ShopWhoQuery {
    viewer {
      keyName
      role
    }
  }
`;

export const total = graphql`
  query ShopTotalQuery($integrationId: String!) {
    customerSession(integrationId: $integrationId) {
      ...Shop_money @relay(mask: false)
    }
  }
`;

export const create = graphql`
  mutation ShopCreateMutation($input: CreateSessionInput!) {
    createSession(input: $input) {
      session {
        ...Shop_money @relay(mask: false)
      }
      errors {
        message
      }
    }
  }
`;

export const money = graphql`
  fragment Shop_money on CustomerSession {
    integrationId
    total
  }
`;
