import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ageProofs } from './testing/age-proofs.ts';
import { ApiClient } from './testing/api-client.ts';
import { Person } from './testing/browser.ts';
import { oneTimeCode } from './testing/one-time-code.ts';

const postel = sharedPostel();
const { ports } = postel;

async function signedIn(name: string, role: 'account' | 'owner' = 'account') {
  const account = await postel.addAccount(name);
  await postel.useDirectory((directory) => directory.setRole(account.name, role));
  return { ...account, api: await ApiClient.signedIn(ports.web, account.name, account.password) };
}

/** What lets somebody in for good, or cannot be taken back. */
const DANGEROUS: readonly (readonly [string, string, object?])[] = [
  ['POST', '/passkeys/options', {}],
  ['POST', '/passkeys', {}],
  ['POST', '/tokens', { name: 'script', scopes: ['account:read'] }],
  ['POST', '/account/app-passwords', { name: 'phone' }],
  ['POST', '/account/devices', { name: 'phone', key: 'x' }],
  ['POST', '/account/password', { current: 'x', password: 'y' }],
  ['POST', '/second-factor/begin', {}],
  ['POST', '/second-factor/confirm', { code: '000000' }],
  ['POST', '/second-factor/remove', { code: '000000' }],
];
const OF_OWNERS: readonly (readonly [string, string, object?])[] = [
  ['DELETE', '/admin/accounts/nobody-has-this'],
  ['POST', '/admin/accounts/nobody-has-this/password', {}],
  ['POST', '/admin/accounts/nobody-has-this/second-factor/remove', {}],
  ['PATCH', '/admin/accounts/nobody-has-this', { role: 'owner' }],
  ['POST', '/admin/accounts/nobody-has-this/shares', { mailbox: 'INBOX', who: 'anyone', rights: 'lr' }],
  ['POST', '/admin/webhooks', { url: 'none' }],
  ['PATCH', '/admin/webhooks/999999999', { url: 'https://hooks.example/' }],
  ['POST', '/admin/routes', { name: 'Not A Name', kind: 'smarthost', hosts: ['mx.example'] }],
  ['PATCH', '/admin/routes/no-such-route', { hosts: ['mx.example'] }],
];

test('what is dangerous wants a proof of the last ten minutes, and goes on with one', async () => {
  const olga = await signedIn('olga', 'owner');
  const kinds = async () => {
    const found = new Map<string, unknown>();
    for (const [method, path, body] of [...DANGEROUS, ...OF_OWNERS]) {
      const { body: said } = await olga.api.send(method, `/api/v1${path}`, { body });
      found.set(`${method} ${path}`, said?.kind);
    }
    return found;
  };
  expect([...(await kinds()).values()]).not.toContain('proof-needed');
  await olga.api.delete('/account/app-passwords/phone');
  await ageProofs(postel, olga.name);
  expect(new Set((await kinds()).values())).toEqual(new Set(['proof-needed']));
  // What is not dangerous goes on all the time.
  expect((await olga.api.get('/account')).status).toBe(200);
  expect((await olga.api.get('/admin/accounts')).status).toBe(200);

  const wrong = await olga.api.post('/session/proof', { password: 'wrong' });
  expect([wrong.status, wrong.body.kind]).toEqual([403, 'wrong-credentials']);
  expect((await olga.api.post('/account/app-passwords', { name: 'phone' })).body.kind).toBe('proof-needed');
  expect((await olga.api.post('/session/proof', { password: olga.password })).status).toBe(204);
  expect((await olga.api.post('/account/app-passwords', { name: 'phone' })).status).toBe(201);
  expect((await olga.api.delete('/admin/accounts/nobody-has-this')).status).toBe(404);
});

test('a proof is of one session, wants the code where codes are on, and takes no app password', async () => {
  const mary = await signedIn('mary');
  const { secret } = (await mary.api.post('/second-factor/begin', {})).body;
  const taken = oneTimeCode(secret, 0);
  expect((await mary.api.post('/second-factor/confirm', { code: taken })).status).toBe(200);
  const { password: app } = (await mary.api.post('/account/app-passwords', { name: 'app' })).body;
  await ageProofs(postel, mary.name);
  expect((await mary.api.post('/session/proof', { password: app })).body.kind).toBe('wrong-credentials');
  expect((await mary.api.post('/session/proof', { password: mary.password })).body.kind).toBe('code-needed');
  const used = { password: mary.password, code: taken };
  expect((await mary.api.post('/session/proof', used)).body.kind).toBe('wrong-code');
  expect((await mary.api.post('/tokens', { name: 't', scopes: ['account:read'] })).body.kind).toBe('proof-needed');
  expect((await mary.api.post('/session/proof', { ...used, code: oneTimeCode(secret, 1) })).status).toBe(204);
  const made = await mary.api.post('/tokens', { name: 't', scopes: ['account:read'] });
  expect(made.status).toBe(201);
  const token = new ApiClient(ports.web);
  token.token = made.body.token;
  expect((await token.post('/session/proof', { password: mary.password })).status).toBe(403);
});

test('a page asks who is there, and then does what was asked for', async () => {
  const fred = await signedIn('fred');
  await using person = await Person.visiting(ports.web);
  const { page } = person;
  await person.signIn(fred.name, fred.password);
  await person.open('App passwords');
  await ageProofs(postel, fred.name);
  await page.getByRole('button', { name: 'Make one' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('What is it for?').fill('phone');
  await form.getByRole('button', { name: 'Make it' }).click();
  const asked = page.getByRole('dialog', { name: 'Is it you?' });
  await asked.getByLabel('Your password').fill('wrong');
  await asked.getByRole('button', { name: 'Continue' }).click();
  await asked.getByText('The password is not right.').waitFor();
  await person.look('proof');
  await asked.getByLabel('Your password').fill(fred.password);
  await asked.getByRole('button', { name: 'Continue' }).click();
  await asked.waitFor({ state: 'detached' });
  await expect.poll(async () => (await fred.api.get('/account/app-passwords')).body.length).toBe(1);

  // Who does not prove it has changed nothing.
  await page.getByRole('button', { name: 'Done' }).click();
  await ageProofs(postel, fred.name);
  await page.getByRole('button', { name: 'Make one' }).click();
  await form.getByLabel('What is it for?').fill('tablet');
  await form.getByRole('button', { name: 'Make it' }).click();
  await asked.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Nothing was changed: who you are was not proved.').waitFor();
  expect((await fred.api.get('/account/app-passwords')).body).toHaveLength(1);
});
