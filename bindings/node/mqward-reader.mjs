/**
 * Reads the sealed payloads of a mqward fleet: key derivation, opening, replay windows (docs/spec.md §4, §7, §8).
 *
 * Needs Node 20 and nothing else. It opens; it does not seal. An authentic message has no effect before `judge` called it
 * fresh: without that, a recording is acted on again.
 */

import { createDecipheriv, createHmac } from "node:crypto";
import { readFileSync, statSync } from "node:fs";

const KEY_LEN = 32, HEADER_LEN = 14, TAG_LEN = 16;
const MAX_U32 = 2 ** 32 - 1, MAX_COUNT = 2 ** 24 - 1;
/** How far ahead of the receiver's clock a message may be (§8.6). */
const MAX_AHEAD_SECS = 60;
/** How old a live command may be (§8.2). */
const LIVE_MAX_AGE_SECS = 60;
/** How many counts of one boot a window remembers (§8.1). */
const WINDOW_COUNTS = 1024;
const ALL = (1n << BigInt(WINDOW_COUNTS)) - 1n;

/** @typedef {"live" | "retained" | "will" | "stored"} Class What a payload was sealed for (§7.1). */
const CLASSES = /** @type {const} */ (["live", "retained", "will", "stored"]);

/**
 * What a memory says of an authentic message.
 *
 * - `fresh`: act on it, and store the memory in the same transaction
 * - `duplicate`: acted on before; acknowledge it, drop it
 * - `too-old`: older than what is remembered or allowed; acknowledge it, drop it
 * - `closed`: it cannot be told whether it was acted on before; do not act on it
 * - `from-the-future`: one of the two clocks is wrong
 * @typedef {"fresh" | "duplicate" | "too-old" | "closed" | "from-the-future"} Verdict
 */

/** The payload gives no message. */
export class OpenError extends Error {}
/** This is not a sealed payload; no key was involved. */
export class NotSealed extends OpenError {}
/** The header names another generation or sender than the opener's. */
export class OtherKey extends OpenError {}
/** Not authentic: changed, or sealed for another topic, direction, device or boot. No more is told. */
export class Refused extends OpenError {}

/**
 * A device as the registry knows it: one generation on one board.
 * @typedef {{clientId: string, generation: number, hardwareId?: Uint8Array}} Device
 */

/**
 * An authentic message. `judge` it before it has an effect.
 * @typedef {object} Message
 * @property {"up" | "down"} direction
 * @property {string} clientId
 * @property {string} topic
 * @property {Class} class
 * @property {number} generation
 * @property {number} sender
 * @property {number | null} time Unix seconds at the sender, null if it has no clock
 * @property {number} boot
 * @property {number} count
 * @property {Buffer} payload
 * @property {string} memoryName names the one memory that judges this message: the key of its row in your database
 */

/** 32 secret bytes that are never printed. */
class Key {
  #bytes;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    if (bytes.length !== KEY_LEN) throw new RangeError("a key has 32 bytes");
    this.#bytes = Buffer.from(bytes);
  }

  /**
   * Reads a key file as `mqward fleet init` writes it; one that group or others may read is refused.
   * @param {string} path
   */
  static read(path) {
    if (statSync(path).mode & 0o077) throw new Error(`${path} is open to group or others: chmod 600`);
    const text = readFileSync(path, "latin1");
    if (!/^[0-9a-f]{64}\n?$/.test(text)) {
      throw new Error(`${path} is no key file: 64 lower-case hexadecimal digits and a newline`);
    }
    return new this(Buffer.from(text.slice(0, 64), "hex"));
  }

  /**
   * HKDF-Expand with one block of output (RFC 5869 §2.3).
   * @param {Uint8Array[]} info
   */
  _expand(...info) {
    const hmac = createHmac("sha256", this.#bytes);
    for (const part of info) hmac.update(part);
    return hmac.update(Uint8Array.of(1)).digest();
  }

  /** @param {string} label @param {Device} device */
  _seed(label, device) {
    const { clientId, generation } = checked(device);
    return this._expand(Buffer.from(label), Uint8Array.of(generation), lp(clientId));
  }

  /** @param {Device} device @param {number} sender @param {number} rboot */
  _senderKey(device, sender, rboot) {
    const stamp = Buffer.alloc(5);
    stamp.writeUInt8(sender, 0);
    stamp.writeUInt32BE(rboot, 1);
    return this._expand(Buffer.from("mqward1k"), stamp, lp(checked(device).hardwareId));
  }
}

/** One device's seed for what it seals. */
export class UpSeed extends Key {
  /**
   * The opener of a device's uplink.
   * @param {Device} device
   * @param {number} [sender] 0 to 15
   */
  opener(device, sender = 0) {
    integer(sender, 0, 15, "a device's sender is 0 to 15");
    const key = this._senderKey(device, sender, 0);
    return new Opener("up", device, sender, { live: key, retained: key, will: key, stored: key });
  }
}

/** One device's seed for what is sealed to it. */
export class DownSeed extends Key {
  /**
   * The opener that the device itself has, for one backend, in its current boot.
   * @param {Device} device
   * @param {number} sender 16 to 255
   * @param {number} deviceBoot
   */
  opener(device, sender, deviceBoot) {
    integer(sender, 16, 255, "a backend's sender is 16 to 255");
    integer(deviceBoot, 1, MAX_U32, "a boot is 1 to 2^32 - 1");
    const key = this._senderKey(device, sender, 0);
    const live = this._senderKey(device, sender, deviceBoot);
    return new Opener("down", device, sender, { live, retained: key, will: key, stored: key });
  }
}

/** Makes every device's uplink seed: what a reader of telemetry holds (`up_root.key`). */
export class UpRoot extends Key {
  /** @param {Device} device */
  seed(device) {
    return new UpSeed(this._seed("mqward1u", device));
  }
}

/** Makes every device's downlink seed: what a commander holds (`down_root.key`). */
export class DownRoot extends Key {
  /** @param {Device} device */
  seed(device) {
    return new DownSeed(this._seed("mqward1d", device));
  }
}

/** Opens what one sender sealed; a device's `UpSeed` or `DownSeed` makes it. May be kept and shared. */
export class Opener {
  #direction; #device; #sender; #keys;

  /**
   * @param {"up" | "down"} direction
   * @param {Device} device
   * @param {number} sender
   * @param {Record<Class, Buffer>} keys
   */
  constructor(direction, device, sender, keys) {
    this.#direction = direction;
    this.#device = checked(device);
    this.#sender = sender;
    this.#keys = keys;
  }

  /**
   * Opens the payload of a PUBLISH on exactly this topic.
   *
   * null says that the payload is empty: somebody deleted a retained value, which is no message and proves nothing.
   * @param {string} topic
   * @param {Uint8Array} payload
   * @returns {Message | null}
   */
  open(topic, payload) {
    const sealed = Buffer.from(payload);
    if (sealed.length === 0) return null;
    if (sealed.length < HEADER_LEN + TAG_LEN || (sealed[0] & 0xf8) !== 0x10) {
      throw new NotSealed("this is not a sealed payload");
    }
    const [byte0, generation, sender] = sealed;
    const [time, boot, count] = [sealed.readUInt32BE(3), sealed.readUInt32BE(7), sealed.readUIntBE(11, 3)];
    const hasClock = (byte0 & 4) === 0, messageClass = CLASSES[byte0 & 3];
    if (generation === 0 || boot === 0 || (hasClock && time === 0)) {
      throw new NotSealed("this is not a sealed payload");
    }
    const { clientId, generation: expected } = this.#device;
    if (generation !== expected || sender !== this.#sender) {
      throw new OtherKey(`sealed in generation ${generation} by sender ${sender}`);
    }
    const nonce = Buffer.concat([sealed.subarray(0, 1), sealed.subarray(3, HEADER_LEN)]);
    const plaintext = decrypt(this.#keys[messageClass], nonce, topic, sealed.subarray(HEADER_LEN));
    const memoryName = [this.#direction, clientId, generation, sender];
    if (messageClass === "retained" || messageClass === "will") memoryName.push(messageClass, topic);
    if (messageClass === "stored" && this.#direction === "down") memoryName.push("stored");
    return {
      direction: this.#direction, clientId, topic, class: messageClass, generation, sender,
      time: hasClock ? time : null, boot, count, payload: plaintext, memoryName: memoryName.join(" "),
    };
  }
}

/**
 * The memory that judges this message, from the text stored under `message.memoryName`.
 *
 * Without one, a window starts cold at `started`, the Unix time at which this receiver began (§8.5); null says that
 * nothing of this sender was ever acted on.
 * @param {Message} message
 * @param {string | null} stored
 * @param {number | null} started
 */
export function memoryOf(message, stored, started) {
  if (started === undefined) throw new TypeError("say when this receiver started, or null for a new fleet");
  if (message.class === "retained" || message.class === "will") return LatestMark.load(stored ?? "[0,0]");
  if (stored != null) return Window.load(stored);
  return started === null ? new Window() : Window.cold(started);
}

/** The replay window of one sender over its newest two boots: class live, and stored on uplink (§8.1, §8.5). */
export class Window {
  /** @type {{boot: number, highest: number, seen: bigint}[]} at most two, newest first */
  #boots = [];
  /** @type {{until: number, anchored: boolean} | null} closed up to then; anchored once a later message was committed */
  #cold = null;

  /**
   * A window whose past is lost: what was sealed before `started + skew` stays closed.
   * @param {number} started
   * @param {number} [skew]
   */
  static cold(started, skew = MAX_AHEAD_SECS) {
    integer(started, 1, MAX_U32, "a time is 1 to 2^32 - 1");
    const window = new Window();
    window.#cold = { until: started + Math.max(skew, MAX_AHEAD_SECS), anchored: false };
    return window;
  }

  /**
   * Tells a cold window the sender's last stamp: nothing up to it is fresh, everything above is.
   * @param {number} boot
   * @param {number} count
   */
  reopen(boot, count) {
    integer(boot, 1, MAX_U32, "a boot is 1 to 2^32 - 1");
    integer(count, 0, MAX_COUNT, "a count is 0 to 2^24 - 1");
    const told = { boot, highest: count, seen: ALL };
    const [newest = told] = this.#boots;
    const last = isAbove(newest, boot, count) ? told : { ...newest, seen: ALL };
    this.#boots = [last, { boot: last.boot - 1, highest: MAX_COUNT, seen: ALL }];
    this.#cold = null;
  }

  /**
   * Judges a message without remembering it.
   * @param {Message} message
   * @param {number} now Unix seconds
   * @returns {Verdict}
   */
  judge(message, now) {
    const verdict = judgeTime(message, now);
    if (verdict) return verdict;
    if (message.class !== "live" && !(message.class === "stored" && message.direction === "up")) {
      return "closed"; // a stored command needs a strict mark (§8.3)
    }
    const closed = this.#cold && !this.#isTimed(message) && !(this.#cold.anchored && this.#isAbove(message));
    return closed ? "closed" : this.#place(message);
  }

  /**
   * Remembers a message that was fresh.
   * @param {Message} message
   */
  commit(message) {
    if (this.#place(message) !== "fresh") throw new Error("the message was committed before");
    if (this.#cold && this.#isTimed(message) && this.#isAbove(message)) this.#cold.anchored = true;
    const { boot, count } = message;
    const known = this.#boots.find((known) => known.boot === boot);
    if (!known) {
      this.#boots.push({ boot, highest: count, seen: 1n });
      this.#boots.sort((a, b) => b.boot - a.boot).splice(2);
      return;
    }
    const ahead = Math.max(count - known.highest, 0);
    known.highest += ahead;
    known.seen = (known.seen << BigInt(Math.min(ahead, WINDOW_COUNTS))) & ALL;
    known.seen |= 1n << BigInt(known.highest - count);
  }

  /** The text to store, in one transaction with the effect. */
  dump() {
    const boots = this.#boots.map(({ boot, highest, seen }) => [boot, highest, seen.toString(16)]);
    return JSON.stringify({ boots, cold: this.#cold && [this.#cold.until, Number(this.#cold.anchored)] });
  }

  /**
   * Reads what `dump` wrote. Damage is an error, never a window that starts anew.
   * @param {string} text
   */
  static load(text) {
    const window = new Window();
    const { boots, cold } = JSON.parse(text);
    window.#boots = boots.map((/** @type {[number, number, string]} */ [boot, highest, seen]) => {
      integer(boot, 0, MAX_U32, "this is no stored window");
      integer(highest, 0, MAX_COUNT, "this is no stored window");
      return { boot, highest, seen: BigInt(`0x${seen}`) };
    });
    if (cold !== null) {
      integer(cold[0], 1, 2 * MAX_U32, "this is no stored window");
      window.#cold = { until: cold[0], anchored: cold[1] === 1 };
    }
    return window;
  }

  /** @param {Message} message @returns {Verdict} */
  #place({ boot, count }) {
    const known = this.#boots.find((known) => known.boot === boot);
    if (!known) return this.#boots.length === 2 && boot < this.#boots[1].boot ? "too-old" : "fresh";
    const back = known.highest - count;
    if (back >= WINDOW_COUNTS) return "too-old";
    return back >= 0 && (known.seen >> BigInt(back)) & 1n ? "duplicate" : "fresh";
  }

  /** @param {Message} message */
  #isTimed({ time }) {
    return this.#cold !== null && time !== null && time > this.#cold.until;
  }

  /** @param {Message} message */
  #isAbove({ boot, count }) {
    return this.#boots.length === 0 || isAbove(this.#boots[0], boot, count);
  }
}

/** The newest retained value or will of one sender on one topic (§8.4). */
export class LatestMark {
  #boot = 0;
  #count = 0;

  /**
   * Judges a message without remembering it. The same once more is delivered with every subscription, and is the value still.
   * @param {Message} message
   * @param {number} now Unix seconds
   * @returns {Verdict}
   */
  judge(message, now) {
    const older = isAbove({ boot: message.boot, highest: message.count }, this.#boot, this.#count);
    return judgeTime(message, now) ?? (older ? "too-old" : "fresh");
  }

  /**
   * Remembers a message that was fresh.
   * @param {Message} message
   */
  commit({ boot, count }) {
    if (isAbove({ boot: this.#boot, highest: this.#count }, boot, count)) [this.#boot, this.#count] = [boot, count];
  }

  /** The text to store, in one transaction with the effect. */
  dump() {
    return JSON.stringify([this.#boot, this.#count]);
  }

  /**
   * Reads what `dump` wrote.
   * @param {string} text
   */
  static load(text) {
    const mark = new LatestMark(), [boot, count] = JSON.parse(text);
    integer(boot, 0, MAX_U32, "this is no stored mark");
    integer(count, 0, MAX_COUNT, "this is no stored mark");
    [mark.#boot, mark.#count] = [boot, count];
    return mark;
  }
}

/**
 * The device that a topic belongs to under the fleet's pattern, as `tx/%c/#`; null if it is nobody's (§10.1).
 * @param {string} pattern
 * @param {string} topic
 * @returns {string | null}
 */
export function clientIdOf(pattern, topic) {
  const wanted = pattern.split("/");
  let levels = topic.split("/"), found = null;
  if (!isTopicName(topic) || (topic.startsWith("$") && !wanted[0].startsWith("$"))) return null;
  if (wanted.at(-1) === "#") {
    wanted.pop();
    levels = levels.slice(0, wanted.length);
  }
  if (levels.length !== wanted.length) return null;
  for (const [i, level] of levels.entries()) {
    if (wanted[i] === "%c") {
      if (!/^[!-~]{1,255}$/.test(level) || /[#$%*+]/.test(level) || (found !== null && found !== level)) return null;
      found = level;
    } else if (wanted[i] !== "+" && wanted[i] !== level) return null;
  }
  return found;
}

/** @param {string} topic */
function isTopicName(topic) {
  // Controls, surrogates that stand alone, non-characters, wildcards (§3.1).
  const allowed = topic.isWellFormed() && !/[\p{Cc}\p{Noncharacter_Code_Point}+#]/u.test(topic);
  return allowed && topic.length > 0 && Buffer.byteLength(topic) <= 65535;
}

/** @param {Buffer} key @param {Buffer} nonce @param {string} topic @param {Buffer} body */
function decrypt(key, nonce, topic, body) {
  const length = Buffer.byteLength(topic);
  if (length < 1 || length > 65535 || !topic.isWellFormed()) throw new Refused("the payload is not authentic");
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_LEN });
  // The Enc_structure of RFC 9052 §5.3 with the topic as external_aad, in shortest CBOR.
  const head = length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 0xff];
  const context = Buffer.from("8368456e63727970743044a1011818", "hex");
  decipher.setAAD(Buffer.concat([context, Uint8Array.from(head), Buffer.from(topic)]));
  decipher.setAuthTag(body.subarray(body.length - TAG_LEN));
  const plaintext = decipher.update(body.subarray(0, body.length - TAG_LEN));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw new Refused("the payload is not authentic");
  }
  return plaintext;
}

/** @param {{boot: number, highest: number}} known @param {number} boot @param {number} count */
function isAbove(known, boot, count) {
  return boot > known.boot || (boot === known.boot && count > known.highest);
}

/** @param {Message} message @param {number} now @returns {Verdict | null} */
function judgeTime(message, now) {
  integer(now, 1, MAX_U32, "now is Unix time in whole seconds");
  if (message.time === null) return null;
  if (message.time - now > MAX_AHEAD_SECS) return "from-the-future";
  const isLiveCommand = message.direction === "down" && message.class === "live";
  return isLiveCommand && now - message.time > LIVE_MAX_AGE_SECS ? "too-old" : null;
}

/** @param {Device} device */
function checked({ clientId, generation, hardwareId = new Uint8Array() }) {
  const length = Buffer.byteLength(clientId);
  if (length < 1 || length > 255 || !clientId.isWellFormed()) throw new RangeError("a client id has 1 to 255 bytes");
  integer(generation, 1, 255, "a generation is 1 to 255");
  if (hardwareId.length > 32) throw new RangeError("a hardware id has 0 to 32 bytes");
  return { clientId, generation, hardwareId };
}

/** @param {number} number @param {number} least @param {number} most @param {string} rule */
function integer(number, least, most, rule) {
  if (!Number.isInteger(number) || number < least || number > most) throw new RangeError(rule);
}

/** Length, then value. @param {string | Uint8Array} value */
function lp(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}
