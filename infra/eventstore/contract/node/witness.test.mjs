// The contract of an event store as the official Node.js client sees it. The connection string is in CONTRACT_EVENTSTORE.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import kurrent from "@kurrent/kurrentdb-client";

const {
  KurrentDBClient, jsonEvent, binaryEvent, NO_STREAM, ANY, STREAM_EXISTS, START, END, FORWARDS, BACKWARDS,
  WrongExpectedVersionError, StreamNotFoundError, StreamDeletedError, MaxAppendSizeExceededError,
  eventTypeFilter, streamNameFilter, excludeSystemEvents,
} = kurrent;

const run = randomUUID().slice(0, 8);
const client = KurrentDBClient.connectionString(process.env.CONTRACT_EVENTSTORE.replace(/^esdb/, "kurrentdb"));
const single = KurrentDBClient.connectionString(process.env.CONTRACT_EVENTSTORE.replace(/^esdb/, "kurrentdb"));
const within = { timeout: 30_000 };
after(async () => { await client.dispose(); await single.dispose(); });

let streams = 0;
const newStream = () => `witness_${run}-${++streams}`;
const type = (name) => `witness.${run}.${name}`;
const proposed = (n, kind = "happened") =>
  Array.from({ length: n }, (_, i) => jsonEvent({ id: randomUUID(), type: type(kind), data: { n: i }, metadata: { m: i } }));

async function filled(n, kind) {
  const stream = newStream(), events = proposed(n, kind);
  const result = await client.appendToStream(stream, events, { streamState: NO_STREAM });
  return { stream, events, result };
}

async function collect(reading, limit = Infinity) {
  const found = [];
  for await (const resolved of reading) {
    found.push(resolved);
    if (found.length === limit) break;
  }
  return found;
}

const ids = (list) => list.map((e) => (e.event ?? e).id);

test("events come back as they were given", within, async () => {
  const stream = newStream();
  const json = jsonEvent({ type: type("json"), data: { text: "grüße ✓" }, metadata: { by: "me" } });
  const binary = binaryEvent({ type: type("binary"), data: Buffer.from([0, 255, 1]) });
  const result = await client.appendToStream(stream, [json, binary], { streamState: NO_STREAM });
  assert.equal(result.success, true);
  assert.equal(result.nextExpectedRevision, 1n);
  const [first, second] = await collect(client.readStream(stream));
  assert.equal(first.event.id, json.id);
  assert.equal(first.event.type, json.type);
  assert.equal(first.event.revision, 0n);
  assert.equal(first.event.streamId, stream);
  assert.deepEqual(first.event.data, json.data);
  assert.deepEqual(first.event.metadata, json.metadata);
  assert.equal(first.event.isJson, true);
  assert.ok(first.event.created instanceof Date);
  assert.equal(second.event.isJson, false);
  assert.deepEqual([...second.event.data], [0, 255, 1]);
  assert.equal(second.event.position.commit, result.position.commit);
});

test("expected states are checked, and the actual one is told", within, async () => {
  const { stream } = await filled(3);
  for (const [expected, actual, name] of [[NO_STREAM, 2n, stream], [0n, 2n, stream], [9n, 2n, stream], [STREAM_EXISTS, NO_STREAM, newStream()]]) {
    await assert.rejects(client.appendToStream(name, proposed(1), { streamState: expected }), (error) => {
      assert.ok(error instanceof WrongExpectedVersionError, String(error));
      assert.equal(error.streamName, name);
      assert.equal(error.actualState, actual);
      return true;
    });
  }
  for (const expected of [2n, ANY, STREAM_EXISTS]) {
    await client.appendToStream(stream, proposed(1), { streamState: expected });
  }
  assert.equal((await collect(client.readStream(stream))).length, 6);
});

test("the same append asked twice answers alike", within, async () => {
  const stream = newStream(), events = proposed(3);
  const first = await client.appendToStream(stream, events, { streamState: NO_STREAM });
  await client.appendToStream(stream, proposed(1), { streamState: 2n });
  const again = await client.appendToStream(stream, events, { streamState: NO_STREAM });
  assert.deepEqual(again, first);
  assert.equal((await collect(client.readStream(stream))).length, 4);
});

test("many appends are in flight at once", within, async () => {
  const names = Array.from({ length: 200 }, newStream);
  const results = await Promise.all(names.map((name, i) => client.appendToStream(name, proposed(1 + (i % 3)), { streamState: NO_STREAM })));
  results.forEach((r, i) => assert.equal(r.nextExpectedRevision, BigInt(i % 3)));
});

test("an append in several parts is one append", within, async () => {
  const stream = newStream(), events = proposed(40);
  const result = await client.appendToStream(stream, events, { streamState: NO_STREAM, batchAppendSize: 512 });
  assert.equal(result.nextExpectedRevision, 39n);
  assert.deepEqual(ids(await collect(client.readStream(stream))), ids(events));
});

test("credentials lead to single appends, which answer alike", within, async () => {
  const stream = newStream(), credentials = { username: "admin", password: "changeit" };
  const result = await single.appendToStream(stream, proposed(2), { streamState: NO_STREAM, credentials });
  assert.equal(result.nextExpectedRevision, 1n);
  await assert.rejects(single.appendToStream(stream, proposed(1), { streamState: 7n, credentials }), (error) => {
    assert.ok(error instanceof WrongExpectedVersionError, String(error));
    assert.equal(error.actualState, 1n);
    return true;
  });
});

test("streams are read both ways, from every place", within, async () => {
  const { stream, events } = await filled(10);
  const all = ids(events), back = [...all].reverse();
  const read = async (options) => ids(await collect(client.readStream(stream, options)));
  assert.deepEqual(await read({ direction: FORWARDS, fromRevision: START }), all);
  assert.deepEqual(await read({ direction: FORWARDS, fromRevision: 4n, maxCount: 3 }), all.slice(4, 7));
  assert.deepEqual(await read({ direction: FORWARDS, fromRevision: 10n }), []);
  assert.deepEqual(await read({ direction: BACKWARDS, fromRevision: END }), back);
  assert.deepEqual(await read({ direction: BACKWARDS, fromRevision: 4n, maxCount: 2 }), back.slice(5, 7));
});

test("a long stream is read whole", within, async () => {
  const { stream, events } = await filled(2500);
  assert.deepEqual(ids(await collect(client.readStream(stream))), ids(events));
});

test("a missing stream is not found", within, async () => {
  await assert.rejects(collect(client.readStream(newStream())), StreamNotFoundError);
});

test("a deleted stream is not found, and goes on where it ended", within, async () => {
  const { stream } = await filled(2);
  const { position } = await client.deleteStream(stream, { expectedRevision: 1n });
  assert.ok(position.commit > 0n);
  await assert.rejects(collect(client.readStream(stream)), StreamNotFoundError);
  const result = await client.appendToStream(stream, proposed(1), { streamState: NO_STREAM });
  assert.equal(result.nextExpectedRevision, 2n);
  assert.equal((await collect(client.readStream(stream)))[0].event.revision, 2n);
});

test("a wrong expected revision keeps a stream from being deleted", within, async () => {
  const { stream } = await filled(2);
  await assert.rejects(client.deleteStream(stream, { expectedRevision: 7n }), (error) => {
    assert.ok(error instanceof WrongExpectedVersionError, String(error));
    assert.equal(error.actualState, 1n);
    return true;
  });
});

test("a tombstoned stream is deleted for ever", within, async () => {
  const { stream } = await filled(2);
  await client.tombstoneStream(stream, { expectedRevision: 1n });
  await assert.rejects(collect(client.readStream(stream)), StreamDeletedError);
  await assert.rejects(client.appendToStream(stream, proposed(1)), StreamDeletedError);
});

test("metadata comes back, and cuts what is read", within, async () => {
  const { stream, events } = await filled(10);
  await client.setStreamMetadata(stream, { maxCount: 3, truncateBefore: 8, owner: "sales" });
  const { metadata } = await client.getStreamMetadata(stream);
  assert.equal(metadata.maxCount, 3);
  assert.equal(metadata.truncateBefore, 8);
  assert.equal(metadata.owner, "sales");
  assert.deepEqual(ids(await collect(client.readStream(stream))), ids(events).slice(8));
});

test("the maximum append size is told", within, async () => {
  const large = binaryEvent({ type: type("large"), data: Buffer.alloc((1 << 20) + 1) });
  await assert.rejects(client.appendToStream(newStream(), large), (error) => {
    assert.ok(error instanceof MaxAppendSizeExceededError, String(error));
    assert.equal(error.maxAppendSize, 1 << 20);
    return true;
  });
});

test("$all is read from a position, both ways", within, async () => {
  const { stream, events } = await filled(5);
  const positions = (await collect(client.readStream(stream))).map((e) => e.event.position);
  const ours = (list) => ids(list.filter((e) => e.event?.streamId === stream));
  const forwards = await collect(client.readAll({ direction: FORWARDS, fromPosition: positions[2], maxCount: 500 }));
  assert.deepEqual(ours(forwards), ids(events).slice(2));
  const backwards = await collect(client.readAll({ direction: BACKWARDS, fromPosition: positions[2], maxCount: 500 }));
  assert.deepEqual(ours(backwards), ids(events).slice(0, 2).reverse());
  const filtered = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 5, filter: streamNameFilter({ prefixes: [stream] }) }));
  assert.deepEqual(ids(filtered), ids(events).reverse());
});

test("links are resolved when asked for", within, async () => {
  const { stream, events } = await filled(2);
  const links = newStream();
  const link = (n, to) => binaryEvent({ type: "$>", data: Buffer.from(`${n}@${to}`) });
  await client.appendToStream(links, [link(1, stream), link(0, stream), link(0, newStream())]);
  const resolved = await collect(client.readStream(links, { resolveLinkTos: true }));
  assert.deepEqual(resolved.map((r) => r.event?.id), [events[1].id, events[0].id, undefined]);
  assert.deepEqual(resolved.map((r) => r.link?.revision), [0n, 1n, 2n]);
  const plain = await collect(client.readStream(links));
  assert.deepEqual(plain.map((r) => r.event.type), ["$>", "$>", "$>"]);
});

test("a subscription to a stream hears what was, that it has caught up, and what comes", within, async () => {
  const { stream, events } = await filled(3);
  const subscription = client.subscribeToStream(stream, { fromRevision: 0n });
  const caughtUp = new Promise((resolve) => subscription.once("caughtUp", resolve));
  const heard = [];
  const enough = (async () => {
    for await (const e of subscription) {
      heard.push(e.event.id);
      if (heard.length === 4) break;
    }
  })();
  await caughtUp;
  const more = proposed(2);
  await client.appendToStream(stream, more);
  await enough;
  assert.deepEqual(heard, [...ids(events).slice(1), ...ids(more)]);
});

for (const [name, filter] of Object.entries({
  "type prefix": (stream, kind) => eventTypeFilter({ prefixes: [type(kind)] }),
  "type regex": (stream, kind) => eventTypeFilter({ regex: `^${type(kind).replaceAll(".", "\\.")}$` }),
  "stream prefix": (stream) => streamNameFilter({ prefixes: [stream] }),
  "stream regex": (stream) => streamNameFilter({ regex: `^${stream}$` }),
})) {
  test(`a subscription to $all hears what passes its filter: ${name}`, within, async () => {
    const mark = await filled(1);
    const kind = `kind${streams}`;
    const { stream, events } = await filled(5, kind);
    await filled(5, "noise");
    const subscription = client.subscribeToAll({ fromPosition: mark.result.position, filter: filter(stream, kind) });
    const heard = [];
    for await (const e of subscription) {
      heard.push(e.event.id);
      if (heard.length === 5) await client.appendToStream(stream, proposed(1, kind));
      if (heard.length === 6) break;
    }
    assert.deepEqual(heard.slice(0, 5), ids(events));
  });
}

test("a subscription that matches nothing is told how far it is", within, async () => {
  const mark = await filled(1);
  const { stream } = await filled(100, "noise");
  const last = (await collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: 1 })))[0].event.position;
  let reached = 0n;
  const subscription = client.subscribeToAll({
    fromPosition: mark.result.position,
    filter: eventTypeFilter({
      prefixes: [type("never")], maxSearchWindow: 5, checkpointInterval: 2,
      checkpointReached: async (_, position) => { reached = position.commit; if (reached >= last.commit) await subscription.unsubscribe(); },
    }),
  });
  subscription.on("caughtUp", () => filled(20, "noise"));
  for await (const e of subscription) assert.fail(`${e.event.type} was heard`);
  assert.ok(reached >= last.commit);
});

test("system events can be left out", within, async () => {
  const mark = await filled(1);
  await client.setStreamMetadata(newStream(), { maxCount: 1 });
  const { events } = await filled(1);
  const subscription = client.subscribeToAll({ fromPosition: mark.result.position, filter: excludeSystemEvents() });
  for await (const e of subscription) {
    assert.ok(!e.event.type.startsWith("$"));
    if (e.event.id === events[0].id) break;
  }
});
