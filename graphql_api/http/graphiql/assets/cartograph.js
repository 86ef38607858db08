// Mounts GraphiQL on #graphiql, which names the endpoint and, on a development server, the key to send.
"use strict";

const root = document.getElementById("graphiql");
const { endpoint, devKey } = root.dataset;

const tabs = [
  `# The key that you use, and one session by the ID that its shop gave it.
# Ctrl+Enter runs it; Ctrl+Space offers fields.

query Session {
  viewer {
    keyName
    role
    application {
      name
      currency
    }
  }
  customerSession(integrationId: "cdnow-1") {
    state
    nextStates
    version
    total
    discountTotal
    netTotal
    cartItems {
      position
      sku
      quantity
      price
      total
    }
  }
}
`,
  `# Creates a session the first time, and changes it from then on.
# A refused mutation changes nothing, and says why in errors.

mutation Cart {
  upsertSession(
    input: {
      integrationId: "my-first-cart"
      cartItems: [{ sku: "mug", quantity: 2, price: "9.95" }]
    }
  ) {
    created
    session {
      version
      state
      netTotal
    }
    errors {
      code
      message
      path
    }
  }
}
`,
  `# The newest sessions that a customer pays something for. For the next page,
# pass endCursor as after.

query Sessions {
  customerSessions(first: 10, filter: { total: { min: "0.01" } }) {
    nodes {
      integrationId
      state
      netTotal
      created
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  `# Shows every change as it is made. Run it, and change a session in another
# window, for example with the second tab.

subscription Changes {
  sessionEvents {
    cursor
    node {
      __typename
      version
      occurred
      session {
        integrationId
        netTotal
      }
    }
  }
}
`,
  `# What a cart would cost with a coupon, and why each campaign applies or not.
# It writes nothing. Try quantity 1, or another code.

query Preview {
  previewSession(
    input: {
      profileId: "cdnow-0002"
      coupon: "HELLO"
      cartItems: [{ sku: "CD-1", quantity: 4, price: "14.96", category: "music" }]
    }
  ) {
    preview {
      total
      discountTotal
      netTotal
      discounts {
        label
        amount
      }
      evaluation {
        coupon {
          status
          message
        }
        campaigns {
          campaign {
            name
          }
          label
          outcome
          message
          path
          needed
          actual
        }
      }
    }
    errors {
      code
      message
      path
    }
  }
}
`,
];

// A key that is typed into the header editor wins over the development key.
function headersOf(typed, accept) {
  const headers = new Headers({ "Content-Type": "application/json", Accept: accept });
  if (devKey) headers.set("Authorization", `Bearer ${devKey}`);
  for (const [name, value] of Object.entries(typed ?? {})) headers.set(name, value);
  return headers;
}

function isSubscription({ operationName }, document) {
  return document?.definitions.some(
    (each) => each.operation === "subscription" && (!operationName || each.name?.value === operationName),
  );
}

async function answer(request, headers) {
  const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(request) });
  return response.json();
}

// GraphQL over SSE, a connection for each subscription. An observable, because GraphiQL can stop one at once; an async
// generator that waits for the next event cannot be stopped until that event has come.
function events(request, headers) {
  return {
    subscribe(observer) {
      const abort = new AbortController();
      listen(request, headers, abort.signal, observer).catch((error) => abort.signal.aborted || observer.error(error));
      return { unsubscribe: () => abort.abort() };
    },
  };
}

async function listen(request, headers, signal, observer) {
  const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(request), signal });
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    observer.next(await response.json());
    return observer.complete();
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return observer.complete();
    const blocks = (text + value).split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) {
      if (field(block, "event") === "next") observer.next(JSON.parse(field(block, "data")));
      if (field(block, "event") === "complete") return observer.complete();
    }
  }
}

function field(block, name) {
  const lines = block.split(/\r?\n/).filter((line) => line.startsWith(`${name}:`));
  return lines.map((line) => line.slice(name.length + 1).trim()).join("\n");
}

function fetcher(request, { headers, documentAST } = {}) {
  return isSubscription(request, documentAST)
    ? events(request, headersOf(headers, "text/event-stream"))
    : answer(request, headersOf(headers, "application/graphql-response+json, application/json;q=0.9"));
}

const { createElement } = React;
const typedKey = devKey ? undefined : JSON.stringify({ Authorization: "Bearer ck_..." }, null, 2);
const name = createElement(
  "span",
  { className: "cartograph-name" },
  createElement("img", { src: document.querySelector("link[rel=icon]").href, alt: "" }),
  "Cartograph",
);

ReactDOM.createRoot(root).render(
  createElement(
    GraphiQL,
    {
      fetcher,
      defaultTabs: tabs.map((query) => ({ query, headers: typedKey })),
      defaultHeaders: typedKey,
      defaultEditorToolsVisibility: typedKey ? "headers" : false,
      shouldPersistHeaders: false, // a key does not belong in the browser's storage
      inputValueDeprecation: true,
      schemaDescription: true,
    },
    createElement(GraphiQL.Logo, null, name),
  ),
);
