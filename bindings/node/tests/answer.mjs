/** Answers questions about the reader, one JSON value a line: crates/vectors/tests/readers.rs asks them from the vectors. */

import { createInterface } from "node:readline";
import { inspect } from "node:util";
import * as reader from "../mqward-reader.mjs";

const bytes = (hex) => Buffer.from(hex, "hex");

function open(q) {
  const device = { clientId: q.client_id, generation: q.generation, hardwareId: bytes(q.hardware_id) };
  const root = bytes(q.purpose_root);
  const opener = q.direction === "up"
    ? new reader.UpRoot(root).seed(device).opener(device, q.sender)
    : new reader.DownRoot(root).seed(device).opener(device, q.sender, q.device_boot);
  try {
    const message = opener.open(q.topic, bytes(q.sealed));
    if (message === null) return { step: "cleared" };
    const { generation, sender, time, boot, count, class: class_ } = message;
    return { step: "opened", payload: message.payload.toString("hex"), generation, sender, time, boot, count, class: class_ };
  } catch (error) {
    if (!(error instanceof reader.OpenError)) throw error;
    return { step: { NotSealed: "frame", OtherKey: "wrong_key", Refused: "refused" }[error.constructor.name] };
  }
}

/** Judges a row of messages, commits the fresh ones, and stores and loads the memory after each. */
function judge(q) {
  const verdicts = [];
  let stored = null;
  for (const { class: class_, time, boot, count, reopen } of q.messages) {
    const message = {
      direction: "up", clientId: "device-1", topic: "tx/device-1/t", class: class_, generation: 1, sender: 0,
      time, boot, count, payload: Buffer.alloc(0), memoryName: "up device-1 1 0",
    };
    const memory = reader.memoryOf(message, stored, q.started);
    if (reopen) memory.reopen(boot, count);
    const verdict = memory.judge(message, q.now);
    if (verdict === "fresh") memory.commit(message);
    verdicts.push(verdict);
    stored = memory.dump();
  }
  return { verdicts, stored };
}

function readKey(q) {
  try {
    return { shown: inspect(reader.UpRoot.read(q.path), { showHidden: true, depth: 9 }) };
  } catch (error) {
    return { error: error.constructor.name };
  }
}

const answers = {
  open, judge,
  read_key: readKey,
  client_id_of: (q) => ({ client_id: reader.clientIdOf(q.pattern, q.topic) }),
};
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answers[question.ask](question)));
}
