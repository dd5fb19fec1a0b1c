// Exports to Istio beside the published schema, @kubernetes-models/istio, of networking.istio.io/v1.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as schema from "@kubernetes-models/istio/networking.istio.io/v1";
import { parseAllDocuments } from "yaml";

const [binary] = process.argv.slice(2);

// Everything that an export to Istio can write.
const everything = `version: 1
gateway: {listen: "0.0.0.0:8080"}
policies:
  careful:
    timeout: 2s
    deadline: 10s
    bulkhead: {max_concurrent: 50}
    retry: {max_attempts: 3, base: 25ms, budget: {ratio: 0.2, min_per_second: 3}}
    chaos: {enabled: true, delay: {probability: 0.01, min: 1s}, fail: {probability: 0.01, type: http_error}}
  plain: {}
services:
  payment:
    upstreams: [{url: "http://10.0.0.1:8080", weight: 2}, {url: "http://10.0.0.2:8080"}]
    policy: careful
    balance: {method: round_robin, slow_start: 30s}
    ejection: {consecutive_5xx: 3, consecutive_gateway: 4, consecutive_local: 5, local_errors: apart, max_ejected: 0.5}
    connections: {max: 100, max_waiting: 20, idle_timeout: 10m, connect_timeout: 250ms}
    routes:
      - {host: shop.example.com, prefix: /payment/, methods: [GET, POST], headers: {x-beta: "1"}, strip_prefix: true}
      - {host: "*.example.com", prefix: /pay, rewrite: "/v2{path}"}
  catalogue:
    upstreams: [{url: "http://a.internal:80"}, {url: "http://b.internal:80"}]
    policy: plain
    balance: {hash: {header: x-user}}
    routes: [{path: /catalogue, methods: [GET]}, {prefix: /, rewrite: /index.html}]
`;

function documentsOf(file) {
  const text = execFileSync(binary, ["export", "istio", "--config", file], { stdio: ["ignore", "pipe", "ignore"] });
  return parseAllDocuments(text.toString()).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
}

const folder = mkdtempSync(join(tmpdir(), "switchgear-interop-"));
try {
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, everything);
  const documents = documentsOf(file);
  const kinds = new Set(documents.map((document) => document.kind));
  assert.deepEqual([...kinds].sort(), ["DestinationRule", "Gateway", "ServiceEntry", "VirtualService"]);
  for (const document of documents) {
    assert.equal(document.apiVersion, "networking.istio.io/v1");
    new schema[document.kind](document).validate();
    console.log(`${document.kind} ${document.metadata.name} is valid`);
  }
  // The schema is one that refuses something.
  const broken = structuredClone(documents.find((document) => document.kind === "DestinationRule"));
  broken.spec.trafficPolicy.outlierDetection = { interval: 5 };
  assert.throws(() => new schema.DestinationRule(broken).validate());
} finally {
  rmSync(folder, { recursive: true });
}
