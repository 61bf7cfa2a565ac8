import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FetchColumns } from './fetch-messages.ts';
import { append, arrivalOf, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const HEADER = 'Subject: hello\r\nFrom: Mary <mary@example.com>\r\n\r\n';
const PREFIX = 'Return-Path: <>\r\n';

/** One message without anything before it, one with, one in a blob. */
async function threeMessages() {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const large = Buffer.concat([Buffer.from(HEADER), randomBytes(200_000)]);
  await append(store, account, inbox, Buffer.from(`${HEADER}body`), { flags: { system: 5, keywords: ['k'] } });
  await append(store, account, inbox, Buffer.from(`${HEADER}body`), { arrival: arrivalOf('mary@example.com', PREFIX) });
  await append(store, account, inbox, large, { arrival: arrivalOf('mary@example.com', PREFIX) });
  return { account, inbox, fetch: (columns: FetchColumns) => store.fetchMessages(account, inbox, [1, 2, 3], columns) };
}

test('without columns come the fixed fields, and no more', async () => {
  const { fetch } = await threeMessages();
  const nothing = {
    envelope: null,
    bodyStructure: null,
    body: null,
    partIndex: null,
    prefix: null,
    header: null,
    octets: null,
    blob: null,
  };
  const messages = await fetch({});
  expect(messages).toMatchObject([
    {
      uid: 1,
      flags: 5,
      keywords: [1],
      prefixOctets: 0,
      headerOctets: HEADER.length,
      sizeOctets: HEADER.length + 4,
      ...nothing,
    },
    {
      uid: 2,
      flags: 0,
      keywords: [],
      prefixOctets: PREFIX.length,
      sizeOctets: PREFIX.length + HEADER.length + 4,
      ...nothing,
    },
    { uid: 3, prefixOctets: PREFIX.length, sizeOctets: PREFIX.length + HEADER.length + 200_000, ...nothing },
  ]);
  const [first, second] = messages;
  expect(second?.contentId).toBe(first?.contentId);
  expect(second?.emailId).not.toBe(first?.emailId);
  expect(second?.modSeq).toBe((first?.modSeq ?? 0) + 1);
});

test('what the octets fix comes as it was computed when they came', async () => {
  const { fetch } = await threeMessages();
  const [first, second] = await fetch({ envelope: true, bodyStructure: true, body: true, partIndex: true });
  expect(first?.envelope?.toString()).toContain('"hello"');
  expect(first?.bodyStructure?.toString()).toMatch(/^\("text" "plain"/i);
  expect(first?.body?.toString()).toMatch(/^\("text" "plain"/i);
  expect(first?.partIndex?.length).toBeGreaterThan(0);
  expect(first?.octets).toBe(null);
  expect(second).toMatchObject({ envelope: first?.envelope, partIndex: first?.partIndex });
});

test('the header comes without the body, and from a blob it does not come', async () => {
  const { fetch } = await threeMessages();
  expect(await fetch({ header: true })).toMatchObject([
    { prefix: Buffer.alloc(0), header: Buffer.from(HEADER), octets: null, blob: null },
    { prefix: Buffer.from(PREFIX), header: Buffer.from(HEADER), octets: null, blob: null },
    {
      prefix: Buffer.from(PREFIX),
      header: null,
      octets: null,
      blob: expect.objectContaining({ name: expect.stringMatching(/^[0-9a-f]{32}$/) }),
    },
  ]);
});

test('every combination of columns comes whole', async () => {
  const { fetch } = await threeMessages();
  const names = ['envelope', 'bodyStructure', 'body', 'partIndex', 'header', 'octets'] as const;
  const all = await fetch(Object.fromEntries(names.map((name) => [name, true])));
  for (let bits = 0; bits < 64; bits++) {
    const wanted = names.filter((_, i) => bits & (1 << i));
    const messages = await fetch(Object.fromEntries(wanted.map((name) => [name, true])));
    for (const [i, message] of messages.entries()) {
      for (const name of wanted) if (name !== 'header') expect(message[name]).toEqual(all[i]?.[name] ?? null);
      expect(message.uid).toBe(i + 1);
    }
  }
});

test('messages come by ascending UID, those that are not there not at all, and none for none', async () => {
  const { account, inbox } = await threeMessages();
  const { store } = storage;
  expect((await store.fetchMessages(account, inbox, [2, 3, 77, 4294967295], {})).map(({ uid }) => uid)).toEqual([2, 3]);
  expect(await store.fetchMessages(account, inbox, [], {})).toEqual([]);
  expect(await store.fetchMessages(account, inbox, Uint32Array.of(9), {})).toEqual([]);
});

test('many messages at once, which come in binary, are as each by itself', async () => {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  const uids = Array.from({ length: 70 }, (_, i) => i + 1);
  for (const uid of uids) {
    const keywords = Array.from({ length: uid % 4 }, (_, i) => `k${i}`);
    const octets = Buffer.concat([Buffer.from(HEADER), randomBytes(uid === 7 ? 200_000 : uid * 100)]);
    const arrival = uid % 2 === 0 ? { arrival: arrivalOf('mary@example.com', PREFIX) } : {};
    await append(store, account, inbox, octets, { flags: { system: uid % 32, keywords }, ...arrival });
  }
  await store.expunge(account, inbox, [{ first: 20, last: 30 }]);

  const sets: readonly FetchColumns[] = [
    {},
    { octets: true, partIndex: true },
    { header: true, envelope: true, bodyStructure: true, body: true },
  ];
  for (const columns of sets) {
    const alone = [];
    for (const uid of uids) alone.push(...(await store.fetchMessages(account, inbox, [uid], columns)));
    const together = await store.fetchMessages(account, inbox, uids, columns);
    expect(together.map(({ uid }) => uid)).toEqual(uids);
    expect(together).toEqual(alone);
    expect(new Set(together.map(({ keywords }) => keywords.length))).toEqual(new Set([0, 1, 2, 3]));
  }
});
