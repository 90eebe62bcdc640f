// A conformance adapter in JavaScript, Node only:  quiesce conform -- node adapter.mjs
//
// Calls are async functions and gates are promises. One event loop runs everything, so whatever stands between two
// `await`s is one step: reading the current epoch record and registering as its holder cannot be torn apart, and no
// lock is needed. This holds for one loop only; a plugin shared by worker threads would need announce and confirm.
// Policy CONTINUE only; no probation and no handover, and so none is declared.

import { AsyncLocalStorage } from "node:async_hooks";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

const CAPABILITIES = ["call", "prepare", "execute", "cancel", "upgrade", "state", "stats", "manifest", "unregister",
  "close", "drain-timeout", "stragglers", "nested", "observe"];
const inside = new AsyncLocalStorage(); // the record that the present call holds

class Failure extends Error {
  constructor(kind, message, { cause, stragglers = null } = {}) {
    super(message, { cause });
    this.kind = kind;
    this.stragglers = stragglers;
  }
}

// ---- the implementation ---------------------------------------------------------------------------------------------
class Version {
  constructor(instance, manifest) {
    Object.assign(this, { instance, manifest, holders: 0, retired: false, closed: false });
  }
}

class Plugin {
  static async register(instance, manifest, timeout, background) {
    const plugin = new Plugin();
    validate(manifest);
    await instance.init();
    Object.assign(plugin, {
      state: "ACTIVE", timeout, background, upgrade_: null, gone: false, running: new Map(), idle: [],
      record: { number: 0, version: new Version(instance, manifest), holders: 0 }, records: new Set(),
      stats: { successful_upgrades: 0, failed_upgrades: 0, total_drain_time_us: 0, max_drain_time_us: 0,
        version: manifest.number },
    });
    return plugin;
  }

  async call(name, ticket) {
    const outer = inside.getStore();
    if (outer === undefined && this.gone) throw new Failure("Unregistered", "the plugin is not registered any more");
    const record = outer ?? this.record;
    if (!record.version.manifest.exports.includes(name)) throw new Failure("UnknownFunction", `no function ${name}`);
    const token = { since: performance.now(), text: `call ${ticket.number} of ${name}`, record };
    this.#hold(record, token);
    try {
      return await inside.run(record, () => record.version.instance.call(ticket));
    } finally {
      this.#release(record, token);
    }
  }

  #hold(record, token) {
    record.holders += 1;
    record.version.holders += 1;
    this.records.add(record);
    this.running.set(token, token);
  }

  #release(record, token) {
    this.running.delete(token);
    record.version.holders -= 1;
    if (--record.holders === 0) this.records.delete(record);
    for (const look of [...this.idle]) look();
    if (record.version.retired) this.background(this.#free(record.version).catch(() => {}));
  }

  async #free(version) {
    if (version.closed || version.holders > 0) return;
    version.closed = true;
    try {
      await version.instance.close();
    } catch (error) {
      console.error(`close failed, and is not tried again: ${error.message}`);
    }
  }

  async #discard(version) {
    version.retired = true;
    await this.#free(version);
  }

  // Whether every call up to epoch `target` ended before the time was over or `stop` was called.
  #drained(target, timeout, upgrade) {
    const quiet = () => ![...this.records].some((record) => record.number <= target);
    return new Promise((resolve) => {
      let timer = null;
      const finish = (how) => {
        clearTimeout(timer);
        this.idle = this.idle.filter((each) => each !== look);
        resolve(how);
      };
      const look = () => {
        if (upgrade?.cancelled) finish("cancelled");
        else if (quiet()) finish("drained");
      };
      this.idle.push(look);
      if (timeout !== null && timeout < 2 ** 31 / 1000) timer = setTimeout(() => finish("timeout"), timeout * 1000);
      if (quiet()) finish("drained");
      else if (timeout === 0) finish("timeout");
    });
  }

  async prepare(build) {
    if (this.gone || (this.state !== "ACTIVE" && this.state !== "ROLLED_BACK"))
      throw new Failure("WrongState", `prepare is not possible in ${this.gone ? "UNREGISTERED" : this.state}`);
    this.state = "PREPARING_UPGRADE";
    const upgrade = (this.upgrade_ = { cancelled: false, ready: false, version: null });
    let phase = "build";
    try {
      const [instance, manifest] = build();
      upgrade.version = new Version(instance, manifest);
      phase = "validate";
      validate(manifest, this.record.version.manifest);
      phase = "init";
      await instance.init();
    } catch (error) {
      if (upgrade.version) await this.#discard(upgrade.version);
      if (!upgrade.cancelled) this.#failed();
      throw new Failure("PrepareFailed", `${phase} failed`, { cause: error });
    }
    if (upgrade.cancelled) {
      await this.#discard(upgrade.version);
      throw new Failure("Cancelled", "the upgrade was cancelled while it was prepared");
    }
    upgrade.ready = true;
    return upgrade;
  }

  #failed() {
    this.stats.failed_upgrades += 1;
    this.state = "ROLLED_BACK";
    this.upgrade_ = null;
  }

  async execute(timeout) {
    const upgrade = this.upgrade_;
    if (this.state !== "PREPARING_UPGRADE" || !upgrade.ready)
      throw new Failure("WrongState", `execute is not possible in ${this.state}`);
    if (inside.getStore() !== undefined)
      throw new Failure("WouldDeadlock", "execute inside a call on this plugin would wait for that call");
    this.state = "DRAINING";
    const began = performance.now();
    const old = this.record;
    this.record = { number: old.number + 1, version: old.version, holders: 0 };
    const how = await this.#drained(old.number, timeout, upgrade);
    if (upgrade.cancelled) throw new Failure("Cancelled", "the upgrade was cancelled while it drained");
    const took = Math.round((performance.now() - began) * 1000);
    if (how === "timeout") {
      const late = [...this.running.values()].filter((call) => call.record.number <= old.number)
        .map((call) => `${call.text}, for ${Math.round(performance.now() - call.since)} ms`);
      this.#failed();
      await this.#discard(upgrade.version);
      throw new Failure("DrainTimeout", `not drained within ${timeout} s`, { stragglers: late });
    }
    const before = this.record.version;
    this.record = { number: this.record.number + 1, version: upgrade.version, holders: 0 };
    this.stats.successful_upgrades += 1;
    this.stats.total_drain_time_us += took;
    this.stats.max_drain_time_us = Math.max(this.stats.max_drain_time_us, took);
    this.stats.version = upgrade.version.manifest.number;
    this.state = "ACTIVE";
    this.upgrade_ = null;
    await this.#discard(before);
  }

  async upgrade(build, timeout) {
    if (inside.getStore() !== undefined)
      throw new Failure("WouldDeadlock", "upgrade inside a call on this plugin would wait for that call");
    await this.prepare(build);
    await this.execute(timeout);
  }

  async cancel() {
    const upgrade = this.upgrade_;
    if (upgrade === null) throw new Failure("WrongState", `cancel is not possible in ${this.state}`);
    upgrade.cancelled = true;
    this.upgrade_ = null;
    this.state = "ACTIVE";
    for (const look of [...this.idle]) look();
    if (upgrade.ready) await this.#discard(upgrade.version);
  }

  async unregister() {
    if (this.gone) throw new Failure("Unregistered", "the plugin is not registered any more");
    if (this.upgrade_ !== null) throw new Failure("WrongState", `unregister is not possible in ${this.state}`);
    if (inside.getStore() !== undefined)
      throw new Failure("WouldDeadlock", "unregister inside a call on this plugin would wait for that call");
    this.gone = true;
    const how = await this.#drained(this.record.number, this.timeout, null);
    await this.#discard(this.record.version);
    return how === "drained";
  }

  look() {
    const { number, ...manifest } = this.record.version.manifest;
    return { state: this.state, version: number, stats: { ...this.stats }, manifest };
  }
}

function validate(manifest, before = manifest) {
  if (manifest.name !== before.name) throw new Failure("InvalidManifest", `expected ${before.name}, got ${manifest.name}`);
  for (const [hook, name] of Object.entries(manifest.hooks))
    if (!manifest.exports.includes(name)) throw new Failure("InvalidManifest", `${hook} calls ${name}: not exported`);
  for (const [hook, name] of Object.entries(before.hooks))
    if (!manifest.exports.includes(name)) throw new Failure("InvalidManifest", `${hook} called ${name}: not exported`);
}

function seconds(value) {
  if (value === null) return null;
  if (typeof value !== "number" || !(value >= 0)) throw new Failure("InvalidTimeout", `expected seconds, got ${value}`);
  return value;
}

// ---- the probe and the wire -----------------------------------------------------------------------------------------
let seq = 0;
const stamp = () => ++seq;

function write(message) {
  let rest = Buffer.from(JSON.stringify(message) + "\n");
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") process.exit(1); // nobody reads: the suite has gone
    }
  }
}

class Session {
  tasks = new Set();
  gates = new Map();
  all = false;
  plugin = null;

  track = (promise) => {
    const task = promise.finally(() => this.tasks.delete(task));
    this.tasks.add(task);
  };

  gate(name) {
    if (!this.gates.has(name)) {
      const gate = {};
      gate.opened = new Promise((resolve) => (gate.open = resolve));
      this.gates.set(name, gate);
      if (this.all) gate.open();
    }
    return this.gates.get(name);
  }

  event(kind, version, call = null, gate = null) {
    write({ event: kind, seq: stamp(), version, call, gate });
  }

  async wait(name, version, call = null) {
    this.event("gate", version, call, name);
    await this.gate(name).opened;
    this.event("passed", version, call, name);
  }

  build(spec) {
    this.event("built", spec.version);
    const hook = async (name) => {
      this.event(name, spec.version);
      if (spec.gates[name]) await this.wait(spec.gates[name], spec.version);
      if (spec.fail.includes(name)) throw new Failure("ProbeError", `${name} of ${spec.version} was told to fail`);
      this.event(`${name}_done`, spec.version);
    };
    const instance = { init: () => hook("init"), close: () => hook("close"), call: (t) => this.work(spec.version, t) };
    const { name, exports, hooks, version } = spec;
    return [instance, { name, version: `${version}.0.0`, exports, hooks, number: version }];
  }

  async work(version, ticket) {
    this.event("start", version, ticket.number);
    if (ticket.gate !== null) await this.wait(ticket.gate, version, ticket.number);
    let failed = null;
    try {
      if (ticket.nested !== null) await this.plugin.call(ticket.nested.function, ticket.nested);
      if (ticket.nested_op !== null) await this.operate({ op: ticket.nested_op });
    } catch (error) {
      failed = error;
    }
    this.event("end", version, ticket.number);
    if (failed !== null) throw failed;
    if (ticket.raises) throw new Failure("ProbeError", `asked for by call ${ticket.number}`);
    return { number: ticket.number, version };
  }

  async operate(message) {
    const plugin = this.plugin;
    const options = message.options ?? {};
    const timeout = () => ("drain_timeout" in options ? seconds(options.drain_timeout) : plugin.timeout);
    if (message.op === "make") {
      const limit = seconds(message.drain_timeout);
      this.plugin = await Plugin.register(...this.build(message.candidate), limit, this.track);
      return null;
    }
    if (plugin === null) throw new Failure("WrongState", "nothing is registered");
    if ((options.policy ?? "CONTINUE") !== "CONTINUE" || options.probation)
      throw new Failure("InvalidArgument", "only the policy CONTINUE, without probation");
    const build = () => this.build(message.candidate);
    switch (message.op) {
      case "call": return plugin.call(message.ticket.function, message.ticket);
      case "prepare": return plugin.prepare(build).then(() => null);
      case "execute": return plugin.execute(timeout()).then(() => null);
      case "upgrade": return plugin.upgrade(build, timeout()).then(() => null);
      case "cancel": return plugin.cancel().then(() => null);
      case "unregister": return plugin.unregister();
      case "look": return plugin.look();
      default: throw new Failure("UnknownOperation", `this adapter knows no ${message.op}`);
    }
  }

  async end() {
    this.all = true;
    for (const gate of this.gates.values()) gate.open();
    while (this.tasks.size > 0) await Promise.allSettled([...this.tasks]);
    return null;
  }
}

async function answer(id, work) {
  const seq_invoked = stamp();
  try {
    const value = await work();
    write({ reply: id, ok: true, value, seq_invoked, seq_returned: stamp() });
  } catch (error) {
    const causes = [];
    for (let cause = error.cause; cause; cause = cause.cause) causes.push(cause.message);
    const said = { kind: error.kind ?? error.name, message: error.message, causes, stragglers: error.stragglers ?? null };
    write({ reply: id, ok: false, error: said, seq_invoked, seq_returned: stamp() });
  }
}

let session = new Session();
createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.op === "hello") write({ hello: { protocol: 1, name: "JavaScript: one event loop", capabilities: CAPABILITIES } });
  else if (message.op === "bye") process.exit(0);
  else if (message.op === "open") session.gate(message.gate).open();
  else if (message.op === "ping") answer(message.id, async () => null);
  else if (message.op === "end") answer(message.id, () => session.end());
  else {
    if (message.op === "make") session = new Session();
    const current = session;
    current.track(answer(message.id, () => current.operate(message)));
  }
}).on("close", () => process.exit(0));
