// The manifests of deploy/kubernetes: valid by the published schemas, kubernetes-models, and true of the program. Their policy
// files pass `switchgear check`, and the program, started as they start it, answers their probes.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";

const [binary] = process.argv.slice(2);
const manifests = join(dirname(fileURLToPath(import.meta.url)), "../../deploy/kubernetes");
const environment = { ...process.env, SWITCHGEAR_ADMIN_TOKEN: "secret-of-the-test" };
const seconds = (text) => Number(/^(\d+)s$/.exec(text ?? "0s")[1]);

function documentsOf(file) {
  return parseAllDocuments(readFileSync(join(manifests, file), "utf8")).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
}

async function validate(document) {
  const models = await import(`kubernetes-models/${document.apiVersion}`);
  new models[document.kind](document).validate();
}

/** The gateway's container of a file, its pod and its policy file. */
function gatewayOf(documents) {
  const pod = documents.find((document) => document.kind === "Deployment").spec.template.spec;
  const container = [...(pod.initContainers ?? []), ...pod.containers].find((each) => each.name === "gateway");
  const [mount] = container.volumeMounts;
  const volume = pod.volumes.find((each) => each.name === mount.name);
  const map = documents.find((document) => document.kind === "ConfigMap" && document.metadata.name === volume.configMap.name);
  const path = container.args[container.args.indexOf("--config") + 1];
  assert.equal(posix.dirname(path), mount.mountPath);
  const text = map.data[posix.basename(path)];
  return { pod, container, path, text, policy: parse(text) };
}

async function withPolicyFile(text, use) {
  const folder = mkdtempSync(join(tmpdir(), "switchgear-kubernetes-"));
  try {
    const file = join(folder, "gateway.yaml");
    writeFileSync(file, text);
    await use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The program as the container starts it, but on ports that the system chooses. */
async function serving({ container, path }, file, use) {
  const args = container.args.map((each) => (each === path ? file : each));
  const gateway = spawn(binary, [...args, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], {
    env: environment,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(gateway, "exit");
  try {
    const [line] = await once(createInterface(gateway.stdout), "line");
    await use(new URL(/admin (\S+)/.exec(line)[1]).origin);
  } finally {
    gateway.kill("SIGTERM");
  }
  assert.deepEqual(await ended, [0, null]);
}

const files = readdirSync(manifests);
assert.deepEqual(files.sort(), ["deployment.yaml", "sidecar.yaml"]);

for (const file of files) {
  const documents = documentsOf(file);
  const gateway = gatewayOf(documents);
  const { pod, container, policy } = gateway;

  test(`${file} is valid by the published schemas`, async () => {
    for (const document of documents) await validate(document);
    const wrong = structuredClone(documents.find((document) => document.kind === "Deployment"));
    wrong.spec.template.spec.containers[0].lifecycle.preStop = "sleep 5";
    await assert.rejects(validate(wrong), "a schema that refuses nothing proves nothing");
  });

  test(`${file} has the program's version and the right ports`, () => {
    const version = execFileSync(binary, ["--version"]).toString().trim().split(" ")[1];
    assert.equal(container.image, `switchgear:${version}`);
    const ports = Object.fromEntries(container.ports.map((port) => [port.name, port.containerPort]));
    assert.equal(policy.gateway.admin, `0.0.0.0:${ports.admin}`, "the kubelet asks from outside the pod");
    if (ports.http) assert.equal(policy.gateway.listen, `0.0.0.0:${ports.http}`);
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe])
      assert.equal(probe.httpGet.port, "admin");
  });

  test(`${file} gives the gateway the time to drain`, () => {
    const waits = [...pod.containers, container].map((each) => Number(each.lifecycle?.preStop.exec.command[1] ?? 0));
    const { shutdown_delay: delay, limits } = policy.gateway;
    const needed = Math.max(...waits) + seconds(delay) + seconds(limits.drain_timeout) + 20;
    assert.ok(Math.max(...waits) > 0 && pod.terminationGracePeriodSeconds >= needed, `${needed} s`);
  });

  test(`${file} takes every privilege away`, () => {
    const context = { ...pod.securityContext, ...container.securityContext };
    assert.equal(context.runAsNonRoot, true);
    assert.equal(context.allowPrivilegeEscalation, false);
    assert.equal(context.readOnlyRootFilesystem, true);
    assert.deepEqual(context.capabilities.drop, ["ALL"]);
    assert.ok(container.resources.requests.memory && container.resources.limits.memory);
  });

  test(`${file} has a policy file that passes check, and probes that the gateway answers`, async () => {
    await withPolicyFile(gateway.text, async (at) => {
      const checked = JSON.parse(execFileSync(binary, ["check", "--json", at], { env: environment }));
      assert.deepEqual(checked.errors.concat(checked.warnings), []);
      await serving(gateway, at, async (admin) => {
        for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe])
          assert.equal((await fetch(admin + probe.httpGet.path)).status, 200);
        assert.equal((await fetch(`${admin}/reload`, { method: "POST" })).status, 401);
      });
    });
  });
}
