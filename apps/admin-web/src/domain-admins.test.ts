import { randomUUID } from 'node:crypto';
import { sharedPostel, startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

const postel = sharedPostel();
const { ports } = postel;

const newDomain = () => `${randomUUID()}.example`;

/** Two domains with all that there can be in them, one of which dora administers. */
async function twoDomains() {
  const [theirs, foreign] = [newDomain(), newDomain()];
  const id = randomUUID().slice(0, 8);
  const password = 'tanstaaftanstaaf';
  const names = { dora: `dora-${id}`, ann: `ann-${id}`, other: `other-${id}`, boss: `boss-${id}`, both: `both-${id}` };
  await postel.useDirectory(async (directory) => {
    const add = (name: string, address: string) => directory.addAccount({ name, address, password });
    await add(names.dora, `dora@${theirs}`);
    await add(names.ann, `ann@${theirs}`);
    await add(names.boss, `boss@${theirs}`);
    await add(names.both, `both@${theirs}`);
    await add(names.other, `other@${foreign}`);
    await directory.addAddress(names.both, `both@${foreign}`);
    await directory.setRole(names.boss, 'owner');
    await directory.aliases.add(`team@${theirs}`, [`ann@${theirs}`]);
    await directory.aliases.add(`team@${foreign}`, [`other@${foreign}`]);
    for (const name of [names.ann, names.other]) {
      const made = { name: 'phone', service: null, expiresAt: null, networks: null, isShared: false };
      await directory.appPasswords.add(name, made);
    }
    await directory.setRole(names.dora, 'domain-admin', [theirs]);
  });
  const api = await ApiClient.signedIn(ports.web, names.dora, password);
  return { theirs, foreign, names, password, api };
}

type Domains = Awaited<ReturnType<typeof twoDomains>>;
type Ask = readonly [method: string, path: string, body?: object];

/** Every route for administrators of domains that names something, of an account, a domain, an address and an alias. */
const asksAbout = {
  account: (name: string): readonly Ask[] => [
    ['GET', `/accounts/${name}`],
    ['PATCH', `/accounts/${name}`, { isDisabled: true }],
    ['GET', `/accounts/${name}/devices`],
    ['GET', `/accounts/${name}/app-passwords`],
    ['GET', `/accounts/${name}/logins`],
    ['GET', `/accounts/${name}/use`],
    ['GET', `/accounts/${name}/shares?mailbox=INBOX`],
    ['DELETE', `/accounts/${name}/devices/${'A'.repeat(43)}`],
    ['DELETE', `/accounts/${name}/app-passwords/phone`],
    ['POST', `/accounts/${name}/second-factor/remove`],
    ['POST', `/accounts/${name}/password`, {}],
    ['DELETE', `/accounts/${name}`],
  ],
  domain: (name: string): readonly Ask[] => [
    ['GET', `/domains/${name}`],
    ['PATCH', `/domains/${name}`, { separators: '-' }],
    ['GET', `/domains/${name}/records`],
    ['GET', `/domains/${name}/records/check`],
    ['POST', `/domains/${name}/dkim`],
    ['GET', `/domains/${name}/dkim`],
    ['GET', `/domains/${name}/dkim`],
    ['POST', `/domains/${name}/dkim`, { type: 'ed25519' }],
    ['POST', `/domains/${name}/dkim/rotate`, { isNow: true }],
    ['DELETE', `/domains/${name}/dkim/x`],
  ],
  address: (address: string): readonly Ask[] => [
    ['GET', `/addresses/${address}`],
    ['PATCH', `/addresses/${address}`, { mailbox: 'Lists' }],
    ['DELETE', `/addresses/${address}`],
  ],
  alias: (address: string): readonly Ask[] => [
    ['GET', `/aliases/${address}`],
    ['PATCH', `/aliases/${address}`, { isList: true }],
    ['DELETE', `/aliases/${address}`],
  ],
} as const;

/** What is answered, with the name that was asked for taken out. */
async function answers(api: ApiClient, asks: readonly Ask[], name: string) {
  const said: string[] = [];
  for (const [method, path, body] of asks) {
    const headers = { 'if-match': '"none"' };
    const answer = await api.send(method, `/api/v1/admin${path}`, { body, headers });
    said.push(`${method} ${path} ${answer.status} ${JSON.stringify(answer.body)}`.replaceAll(name, '{name}'));
  }
  return said;
}

async function refusesAsAbsent(of: Domains, kind: keyof typeof asksAbout, foreign: string, absent: string) {
  const refused = await answers(of.api, asksAbout[kind](foreign), foreign);
  expect(refused).toEqual(await answers(of.api, asksAbout[kind](absent), absent));
  expect(refused.filter((text) => !/ (?:404|422) /.test(text))).toEqual([]);
}

test('hardening 47: what is not of their domains is for administrators of domains as if it were not there', async () => {
  const of = await twoDomains();
  const { names, foreign, theirs } = of;
  for (const name of [names.other, names.boss, names.both, names.dora]) {
    await refusesAsAbsent(of, 'account', name, `none-${randomUUID()}`);
  }
  await refusesAsAbsent(of, 'domain', foreign, newDomain());
  await refusesAsAbsent(of, 'address', `other@${foreign}`, `none@${foreign}`);
  await refusesAsAbsent(of, 'address', `boss@${theirs}`, `none@${theirs}`);
  await refusesAsAbsent(of, 'alias', `team@${foreign}`, `none@${foreign}`);
  // Nothing of it was done.
  await postel.useDirectory(async (directory) => {
    expect(await directory.readAccount(names.other)).toMatchObject({ isDisabled: false, role: 'account' });
    expect(await directory.appPasswords.list(names.other)).toHaveLength(1);
    expect((await directory.aliases.read(`team@${foreign}`)).isList).toBe(false);
    expect((await directory.addresses.read(`other@${foreign}`)).mailbox).toBeNull();
  });
});

test('hardening 47: nothing of theirs goes elsewhere, and nothing from elsewhere becomes theirs', async () => {
  const { api, names, theirs, foreign } = await twoDomains();
  const made = await api.post('/admin/accounts', { name: `x-${randomUUID().slice(0, 8)}`, address: `x@${foreign}` });
  expect([made.status, made.body.kind]).toEqual([404, 'no-such-domain']);
  for (const account of [names.other, names.boss, names.both]) {
    const added = await api.post('/admin/addresses', { account, address: `new@${theirs}` });
    expect([account, added.status, added.body.kind]).toEqual([account, 404, 'no-such-account']);
    const { headers } = await api.get(`/admin/addresses/ann@${theirs}`);
    const etag = String(headers['etag']);
    const moved = await api.patch(`/admin/addresses/ann@${theirs}`, { account }, { 'if-match': etag });
    expect([moved.status, moved.body.kind]).toEqual([404, 'no-such-account']);
  }
  const domain = await api.get(`/admin/domains/${theirs}`);
  const ifMatch = { 'if-match': String(domain.headers['etag']) };
  const caught = await api.patch(`/admin/domains/${theirs}`, { catchall: names.other }, ifMatch);
  expect([caught.status, caught.body.kind]).toEqual([404, 'no-such-account']);
  const disabled = await api.patch(`/admin/domains/${theirs}`, { isDisabled: true }, ifMatch);
  expect([disabled.status, disabled.body.kind]).toEqual([403, 'not-allowed']);
  expect((await api.post('/admin/aliases', { address: `a@${foreign}`, members: [`ann@${theirs}`] })).status).toBe(404);
  const last = await api.delete(`/admin/addresses/ann@${theirs}`);
  expect([last.status, last.body.kind]).toEqual([409, 'last-address']);
});

test('an administrator of domains does there what an owner does, and gives no more than all have', async () => {
  const { api, names, theirs, foreign } = await twoDomains();
  expect((await api.get('/session')).body).toEqual({ account: names.dora, mayAdminister: false, domains: [theirs] });
  expect((await api.get('/admin/domains')).body).toMatchObject([{ name: theirs }]);
  expect((await api.get('/admin/accounts')).body.map(({ name }: { name: string }) => name)).toEqual([names.ann]);
  const addresses = (await api.get('/admin/addresses')).body.map(({ address }: { address: string }) => address);
  expect(addresses).toEqual([`ann@${theirs}`, `dora@${theirs}`]);
  expect((await api.get('/admin/aliases')).body).toMatchObject([{ address: `team@${theirs}` }]);

  const name = `new-${randomUUID().slice(0, 8)}`;
  const added = await api.post('/admin/accounts', { name, address: `new@${theirs}` });
  expect(added).toMatchObject({ status: 201, body: { name, password: expect.any(String) } });
  expect((await api.post(`/admin/accounts/${name}/password`, {})).status).toBe(200);
  const change = async (body: object) => {
    const { headers } = await api.get(`/admin/accounts/${name}`);
    return await api.patch(`/admin/accounts/${name}`, body, { 'if-match': String(headers['etag']) });
  };
  expect((await change({ octets: 5_000, messages: 10 })).body).toMatchObject({ octets: { limit: 5_000, isOwn: true } });
  for (const body of [{ role: 'owner' }, { role: 'account' }, { administers: [theirs] }, { retentionDays: 400 }]) {
    expect([body, (await change(body)).status]).toEqual([body, 403]);
  }
  await postel.useDirectory((directory) => directory.submission.change(name, { messagesADay: 30 }));
  const changes = await api.get('/admin/changes');
  expect(changes.status).toBe(403);
  expect((await change({ isDisabled: true })).body.isDisabled).toBe(true);
  expect((await api.delete(`/admin/accounts/${name}`)).status).toBe(204);
  expect((await api.get(`/admin/accounts/${name}`)).status).toBe(404);
  // Of another domain nothing is counted, either.
  expect(JSON.stringify((await api.get('/admin/domains')).body)).not.toContain(foreign);
  await postel.useDirectory(async (directory) => {
    const [last] = await directory.listChanges({ account: name, since: new Date(0), limit: 1 });
    expect(last).toMatchObject({ door: 'web', actor: names.dora, kind: 'account', name });
  });
});

test('limits that administrators of domains set stay below the default of all', async () => {
  await using own = await startPostel();
  const name = 'ann';
  await own.useDirectory(async (directory) => {
    await directory.addAccount({ name, address: 'ann@theirs.example', password: null });
    await directory.addAccount({ name: 'dora', address: 'dora@theirs.example', password: 'tanstaaftanstaaf' });
    await directory.setRole('dora', 'domain-admin', ['theirs.example']);
    await directory.quotas.changeDefault({ octets: 1_000 });
  });
  const api = await ApiClient.signedIn(own.ports.web, 'dora', 'tanstaaftanstaaf');
  const change = async (body: object) => {
    const { headers } = await api.get(`/admin/accounts/${name}`);
    return await api.patch(`/admin/accounts/${name}`, body, { 'if-match': String(headers['etag']) });
  };
  expect((await change({ octets: 1_000 })).status).toBe(200);
  for (const octets of [1_001, null]) {
    const { status, body } = await change({ octets });
    expect([octets, status, body.kind]).toEqual([octets, 403, 'above-limit']);
  }
  expect((await change({ octets: 'default', messages: 7 })).body).toMatchObject({ octets: { isOwn: false } });
  // What an owner gave may be less, not more.
  await own.useDirectory((directory) => directory.quotas.change(name, { octets: 9_000 }));
  expect((await change({ octets: 8_000 })).body.octets.limit).toBe(8_000);
  expect((await change({ octets: 8_001 })).body.kind).toBe('above-limit');
});
