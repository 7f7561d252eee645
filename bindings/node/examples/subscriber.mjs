/**
 * Reads a fleet from mosquitto_sub and acts on each message once, also over restarts.
 *
 *     mosquitto_sub -q 1 -c -i backend-1 -t 'tx/#' -F '%x %t' … |
 *         node subscriber.mjs up_root.key devices.jsonl readings.json [--first-run]
 *
 * devices.jsonl is what `mqward registry export --public` prints. The effect is a line in the same file as the memories, which
 * is replaced as a whole: enough for a few devices and one process. A bigger backend has a transaction of its database.
 * --first-run says that the fleet is new and nothing was ever acted on.
 */

import { existsSync, fsyncSync, openSync, closeSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { OpenError, UpRoot, clientIdOf, memoryOf } from "../mqward-reader.mjs";

const [rootFile, devicesFile, stateFile, firstRun] = process.argv.slice(2);
const root = UpRoot.read(rootFile);
const started = firstRun === "--first-run" ? null : now();
const state = existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, "utf8")) : { memory: {}, readings: [] };

/** Who exists and is not revoked, in each generation that is accepted. */
const devices = new Map();
for (const line of readFileSync(devicesFile, "utf8").trim().split("\n")) {
  const { client_id: clientId, revoked, generations } = JSON.parse(line);
  for (const accepted of revoked ? [] : generations.filter((accepted) => !accepted.revoked)) {
    const hardwareId = Buffer.from(accepted.hardware_id, "hex");
    devices.set(`${clientId} ${accepted.generation}`, { clientId, generation: accepted.generation, hardwareId });
  }
}

/** Acts on a message that was not acted on before. Effect and memory are one write. */
function receive(message) {
  const memory = memoryOf(message, state.memory[message.memoryName] ?? null, started);
  const verdict = memory.judge(message, now());
  if (verdict === "fresh") {
    state.readings.push([message.clientId, message.topic, message.time, message.payload.toString("base64")]);
    memory.commit(message);
  }
  // A cold window is stored too: it stays cold over the next restart.
  state.memory[message.memoryName] = memory.dump();
  save();
  return verdict;
}

function save() {
  const draft = openSync(`${stateFile}.new`, "w", 0o600);
  writeFileSync(draft, JSON.stringify(state));
  fsyncSync(draft);
  closeSync(draft);
  renameSync(`${stateFile}.new`, stateFile);
}

function now() {
  return Math.floor(Date.now() / 1000);
}

function answer(topic, sealed) {
  if (sealed.length === 0) return "cleared";
  // The topic names the device, and the header claims a generation; a wrong claim does not open.
  const device = devices.get(`${clientIdOf("tx/%c/#", topic)} ${sealed[1] ?? 0}`);
  if (!device) return "unknown";
  try {
    return receive(root.seed(device).opener(device).open(topic, sealed));
  } catch (error) {
    if (error instanceof OpenError) return "refused";
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [, digits, topic] = /^([0-9a-f]*) (.*)$/.exec(line) ?? [, "", ""];
  console.log(answer(topic, Buffer.from(digits, "hex")), topic);
}
