import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';
import { sendMail } from './testing/send-mail.ts';

const postel = sharedPostel();
const CLIENT = '127.50.60.70';
const { ports } = postel;

async function account(name: string) {
  const made = await postel.addAccount(name);
  return { ...made, api: await ApiClient.signedIn(ports.web, made.name, made.password) };
}

/** What an account sees, once it is written. */
async function mailOf({ api }: { readonly api: ApiClient }, query: string, rows: number) {
  let body: { readonly rows: readonly Record<string, unknown>[]; readonly next: string | null } = {
    rows: [],
    next: null,
  };
  await expect
    .poll(async () => {
      ({ body } = await api.get(`/account/mail?${query}`));
      return body.rows.length;
    })
    .toBe(rows);
  return body;
}

const idIn = (reply: string) => /Accepted as ([0-9a-f]+-\d+)/.exec(reply)?.[1] ?? '';

test('hardening 47: an account sees its own row of a message for two, and nothing of others', async () => {
  const [mary, john, eve] = await Promise.all([account('mary'), account('john'), account('eve')]);
  const reply = await sendMail(ports.mx, {
    from: 'bob@example.net',
    to: [mary.address, john.address],
    clientAddress: CLIENT,
  });
  const { rows } = await mailOf(mary, 'direction=in', 1);
  expect(rows).toEqual([
    expect.objectContaining({
      recipient: mary.address,
      reversePath: 'bob@example.net',
      outcome: 'delivered',
      account: mary.name,
    }),
  ]);
  const id = idIn(reply);
  const seen = await mary.api.get(`/account/mail/${id}`);
  expect(seen.status).toBe(200);
  expect(seen.body.recipients).toHaveLength(1);
  expect(JSON.stringify(seen.body)).not.toContain(john.name);
  expect(seen.body.client).toContain(CLIENT);
  const { transactionId } = seen.body;
  for (const name of [id, transactionId, '0000000000-1', 'nonsense']) {
    const refused = await eve.api.get(`/account/mail/${name}`);
    expect([refused.status, refused.body.kind, refused.body.detail]).toEqual([
      404,
      'absent',
      'There is no such message, or nothing is kept of it any more.',
    ]);
  }
  expect((await mary.api.get(`/admin/mail/${id}`)).status).toBe(403);
  await mailOf(eve, 'direction=in', 0);
  await mailOf(mary, `direction=in&q=${encodeURIComponent(john.address)}`, 0); // no oracle either
});

test('who submits sees neither the members of an alias nor where their copies are; they not from where it was sent', async () => {
  const [mary, john, jane] = await Promise.all([account('mary'), account('john'), account('jane')]);
  const team = `team-${mary.name}@localhost`;
  await postel.useDirectory((directory) => directory.aliases.add(team, [john.address, jane.address]));
  const reply = await sendMail(ports.submission, {
    clientName: 'marys-telephone',
    clientAddress: CLIENT,
    from: mary.address,
    to: [team],
    message: `From: ${mary.address}\r\n\r\nhello`,
    account: mary,
  });
  expect(reply).toMatch(/^250 /);
  const { rows } = await mailOf(mary, 'direction=out', 1);
  expect(rows).toEqual([expect.objectContaining({ recipient: team, destination: null, account: null })]);
  for (const other of [john, jane]) await mailOf(mary, `direction=out&q=${encodeURIComponent(other.address)}`, 0);
  const sent = await mary.api.get(`/account/mail/${String(rows[0]?.['transactionId'])}`);
  expect(sent.body.recipients).toEqual([
    expect.objectContaining({ recipient: team, destination: null, account: null }),
  ]);
  for (const other of [john.name, jane.name, 'INBOX']) expect(JSON.stringify(sent.body)).not.toContain(other);
  expect(sent.body.client).toContain('marys-telephone');
  const got = await mailOf(john, 'direction=in', 1);
  const received = await john.api.get(`/account/mail/${String(got.rows[0]?.['transactionId'])}`);
  for (const body of [got, received.body]) {
    expect(JSON.stringify(body)).not.toContain('marys-telephone');
    expect(JSON.stringify(body)).not.toContain(CLIENT);
  }
  expect(received.body.client).toBeNull();
});

test('an account sees what was refused for it; the administrator why, and finds it by all that may be known of it', async () => {
  const mary = await account('mary');
  await postel.setQuota(mary, { messages: 0 });
  const from = `bob-${mary.name}@example.net`;
  expect(await sendMail(ports.mx, { from, to: [mary.address], clientAddress: CLIENT })).toMatch(/^452 /);
  const { rows } = await mailOf(mary, 'direction=in&outcome=refused', 1);
  expect(rows).toEqual([
    expect.objectContaining({ outcome: 'deferred', reply: expect.stringMatching(/^452 4\.2\.2 /) }),
  ]);
  await postel.setQuota(mary, { messages: null });
  const messageId = `${mary.name}@example.net`;
  const message = `Message-ID: <${messageId}>\r\n\r\nx`;
  const reply = await sendMail(ports.mx, { from, to: [mary.address], clientAddress: CLIENT, message });
  await mailOf(mary, 'direction=in', 2);
  const admin = await ApiClient.admin(ports.web);
  const find = async (q: string, more = '') =>
    (await admin.get(`/admin/mail?q=${encodeURIComponent(q)}${more}`)).body.rows.map(
      ({ outcome }: { outcome: string }) => outcome,
    );
  expect(await find(from)).toEqual(['delivered', 'deferred']);
  expect(await find(mary.address.toUpperCase())).toEqual(['delivered', 'deferred']);
  expect(await find(`${from} ${mary.address}`, '&outcome=refused')).toEqual(['deferred']);
  for (const q of [`<${messageId}>`, messageId, idIn(reply), idIn(reply).slice(0, 10)]) {
    expect(await find(q)).toEqual(['delivered']);
  }
  expect(await find(`${CLIENT} ${from}`)).toEqual(['delivered', 'deferred']);
  expect(await find(from, `&since=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
  expect(await find(from, `&until=${new Date(Date.now() - 3_600_000).toISOString()}`)).toEqual([]);
  for (const bad of ['q=a%00b', 'q=x&after=1', 'since=yesterday', 'q=a@b+a@b+a@b+a@b+a@b', 'outcome=read']) {
    expect((await admin.get(`/admin/mail?${bad}`)).status).toBe(422);
  }
  const way = await admin.get(`/admin/mail/${idIn(reply)}`);
  expect(way.body.recipients).toEqual([expect.objectContaining({ state: 'delivered: in INBOX', account: mary.name })]);
});

test('a list goes on where its page before ended', async () => {
  const mary = await account('mary');
  for (let i = 0; i < 60; i++) await sendMail(ports.mx, { from: `${i}@example.net`, to: [mary.address] });
  await mailOf(mary, 'direction=in&q=59@example.net', 1); // all are written
  const first = await mailOf(mary, 'direction=in', 50);
  expect(first.next).not.toBeNull();
  const second = await mailOf(mary, `direction=in&after=${first.next}`, 10);
  expect(second.next).toBeNull();
  const senders = [...first.rows, ...second.rows].map((row) => row['reversePath']);
  expect(senders).toEqual(Array.from({ length: 60 }, (_, i) => `${59 - i}@example.net`));
});

test('activity counts what came and what was refused, by the hour of a day, a week or a month', async () => {
  const admin = await ApiClient.admin(ports.web);
  const now = async () => {
    const { received, refused } = (await admin.get('/admin/activity')).body;
    return { mailIn: received.at(-1), refused: refused.at(-1) };
  };
  const before = await now();
  const mary = await account('mary');
  await sendMail(ports.mx, { from: 'bob@example.net', to: [mary.address] });
  await sendMail(ports.mx, { from: 'bob@example.net', to: ['nobody@strict.localhost'] });
  await expect.poll(async () => (await now()).refused > before.refused, { timeout: 30_000 }).toBe(true);
  await expect.poll(async () => (await now()).mailIn > before.mailIn, { timeout: 30_000 }).toBe(true);
  for (const [period, hours] of [
    ['day', 24],
    ['week', 168],
    ['month', 720],
  ] as const) {
    const { since, ...counts } = (await admin.get(`/admin/activity?period=${period}`)).body;
    const first = Math.floor(Date.now() / 3_600_000) - hours + 1;
    expect(first - Date.parse(String(since)) / 3_600_000).toBeOneOf([0, 1]); // the hour may have ended meanwhile
    for (const list of Object.values(counts)) expect(list).toHaveLength(hours);
  }
  expect((await admin.get('/admin/activity?period=century')).status).toBe(422);
});
