#!/bin/sh
# Writes the manifests of GraphQL Code Generator and of Relay's compiler into build.
set -eu
cd "$(dirname "$0")"
rm -rf build
mkdir -p build/relay
echo "{}" > build/relay.json  # the compiler extends a manifest, and does not create one
npx --no-install graphql-codegen --config codegen.json --silent
npx --no-install relay-compiler relay.config.json
