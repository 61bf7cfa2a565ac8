import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

const postel = sharedPostel();
const { ports } = postel;

test('hardening: of an edit by the web and one by another door at the same moment none is lost', async () => {
  const admin = await ApiClient.admin(ports.web);
  for (let round = 0; round < 10; round++) {
    const { name } = await postel.addAccount('mary');
    const path = `/admin/accounts/${name}`;
    const { headers } = await admin.get(path);
    const [answer] = await Promise.all([
      admin.patch(path, { messages: 10 }, { 'if-match': String(headers['etag']) }),
      postel.useDirectory((directory) => directory.quotas.change(name, { messages: 20 })),
    ]);
    const { messages } = (await admin.get(path)).body;
    // The command line asks for no state, and so stays; the web either came before it, or was told.
    expect([answer.status, messages.limit]).toEqual([answer.status === 200 ? 200 : 412, 20]);
  }
});

test('a change of several things is made as a whole, or not at all', async () => {
  const admin = await ApiClient.admin(ports.web);
  const { name } = await postel.addAccount('mary');
  const path = `/admin/accounts/${name}`;
  const seen = await admin.get(path);
  const wrong = { isDisabled: true, messages: 3, role: 'domain-admin', administers: ['no-such-domain.example'] };
  const refused = await admin.patch(path, wrong, { 'if-match': String(seen.headers['etag']) });
  expect([refused.status, refused.body.kind]).toEqual([404, 'no-such-domain']);
  const now = await admin.get(path);
  expect(now.body).toEqual(seen.body);
});
