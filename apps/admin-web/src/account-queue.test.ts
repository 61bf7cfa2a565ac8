import { changeQueue } from '@postel/queue';
import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';
import { queueMail, useDatabase } from './testing/queue-mail.ts';

const postel = sharedPostel();

async function signedIn(name: string) {
  const account = await postel.addAccount(name);
  return { account, api: await ApiClient.signedIn(postel.ports.web, account.name, account.password) };
}

test('who sent a message sees why it waits, and cancels it for one recipient', async () => {
  const mary = await signedIn('mary');
  await queueMail(postel, mary.account, ['bob@example.org', 'ann@example.org']);
  const { body: list } = await mary.api.get('/account/queue');
  expect(list).toMatchObject([
    { to: 'ann@example.org', state: 'waiting', attempts: 0, lastReply: null },
    { to: 'bob@example.org', state: 'waiting' },
  ]);
  const [ann, bob] = list.map(({ id }: { id: number }) => id);
  await useDatabase(postel, ({ sql }) => changeQueue(sql, 'hold', [bob]));
  expect((await mary.api.get(`/account/queue/${bob}`)).body).toMatchObject({
    state: 'held',
    events: [{ type: 'held' }],
  });

  expect((await mary.api.post(`/account/queue/${ann}/cancel`, {})).status).toBe(204);
  expect((await mary.api.post(`/account/queue/${ann}/cancel`, {})).body).toMatchObject({
    status: 409,
    kind: 'too-late',
  });
  expect((await mary.api.get('/account/queue')).body).toMatchObject([{ id: bob, state: 'held' }]);
  expect((await mary.api.get('/account/queue?finished=true')).body).toMatchObject([
    { id: ann, state: 'dropped' },
    { id: bob, state: 'held' },
  ]);
});

test('hardening 47: what another has sent is as if it were not there', async () => {
  const [mary, eve] = [await signedIn('mary'), await signedIn('eve')];
  await queueMail(postel, mary.account, ['bob@example.org']);
  const [{ id }] = (await mary.api.get('/account/queue')).body;
  const nobodys = 999_999_999_999;
  const answers = async (number: number) => {
    const shown = await eve.api.get(`/account/queue/${number}`);
    const cancelled = await eve.api.post(`/account/queue/${number}/cancel`, {});
    return [shown.status, shown.body, cancelled.status, cancelled.body];
  };
  expect(await answers(id)).toEqual(await answers(nobodys));
  expect((await eve.api.get('/account/queue?finished=true')).body).toEqual([]);
  expect((await eve.api.get('/account/queue?message=test-1')).body).toEqual([]);
  expect((await mary.api.get('/account/queue?message=test-1')).body).toMatchObject([{ id, message: 'test-1' }]);
  expect((await mary.api.get('/account/queue?message=test-2')).body).toEqual([]);
  expect((await mary.api.get('/account/queue')).body).toMatchObject([{ id, state: 'waiting' }]);
  for (const id of ['0x1', '-1', '1e3', 'x']) expect((await mary.api.get(`/account/queue/${id}`)).status).toBe(422);
});

test('members of an alias stay unknown to who writes to it', async () => {
  const mary = await signedIn('mary');
  await queueMail(postel, mary.account, ['secret@example.org'], 'team@localhost');
  await useDatabase(postel, async ({ sql }) => {
    await sql`update queue_recipients set last_reply = '550 secret@example.org is full', last_mta = 'mx.example.org'
               where forward_path = 'secret@example.org'`;
  });
  const { body } = await mary.api.get('/account/queue');
  expect(body).toMatchObject([{ to: 'team@localhost', lastReply: null, lastMta: null }]);
  const details = await mary.api.get(`/account/queue/${body[0].id}`);
  expect(JSON.stringify([body, details.body])).not.toContain('secret');
});
