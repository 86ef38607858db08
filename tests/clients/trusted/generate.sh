#!/bin/sh
# The manifests of trusted documents as GraphQL Code Generator and Relay's compiler write them, into build.
set -eu
cd "$(dirname "$0")"
rm -rf build
mkdir -p build/relay
echo "{}" > build/relay.json  # the compiler adds to a manifest, and makes none
npx --no-install graphql-codegen --config codegen.json --silent
npx --no-install relay-compiler relay.config.json
