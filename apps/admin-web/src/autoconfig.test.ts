import { sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ApiClient } from './testing/api-client.ts';

const postel = sharedPostel();
const { ports } = postel;
const PATH = '/.well-known/autoconfig/mail/config-v1.1.xml';

test('a mail program learns where to connect, by the address or the host name', async () => {
  const client = new ApiClient(ports.web);
  const { status, headers, body } = await client.send('GET', `${PATH}?emailaddress=postel%40localhost`);
  expect([status, headers['content-type']]).toEqual([200, 'application/xml; charset=utf-8']);
  expect(body).toContain('<emailProvider id="localhost">');
  expect(body).toContain(`<port>${ports.imaps}</port>\n      <socketType>SSL</socketType>`);
  expect(body).toContain(`<port>${ports.submission}</port>\n      <socketType>STARTTLS</socketType>`);
  expect(body).toContain('<username>%EMAILADDRESS%</username>');
  const byHost = { headers: { host: `autoconfig.strict.localhost:${ports.web}` } };
  expect((await client.send('GET', '/mail/config-v1.1.xml', byHost)).body).toContain(
    '<domain>strict.localhost</domain>',
  );
});

test('hardening 18: who has an account is told to nobody, and other domains are not here', async () => {
  const client = new ApiClient(ports.web);
  const ask = (address: string) => client.send('GET', `${PATH}?emailaddress=${encodeURIComponent(address)}`);
  expect((await ask('nobody-has-this@strict.localhost')).body).toBe((await ask('postel@strict.localhost')).body);
  for (const address of ['a@other.example', 'x', '', '@', 'a@b@c', '<a>@"\u0000']) {
    expect([address, (await ask(address)).status]).toEqual([address, 404]);
  }
});

test('Outlook asks by XML, and gets its own text back as text', async () => {
  const client = new ApiClient(ports.web);
  const post = (body: string, type = 'text/xml') =>
    client.send('POST', '/autodiscover/autodiscover.xml', { body, headers: { 'content-type': type } });
  const asking = (address: string) =>
    `<?xml version="1.0"?><Autodiscover><Request><EMailAddress>${address}</EMailAddress></Request></Autodiscover>`;
  const { status, body } = await post(asking('a&b@localhost'));
  expect(status).toBe(200);
  expect(body).toContain('<LoginName>a&amp;b@localhost</LoginName>');
  expect(body).toContain(`<Type>IMAP</Type>\n        <Server>localhost</Server>\n        <Port>${ports.imaps}</Port>`);
  for (const address of ['a@other.example', '', 'x', '<b>@localhost']) {
    expect([address, (await post(asking(address))).status]).toEqual([address, 404]);
  }
  expect((await post(`<EMailAddress>${' '.repeat(60_000)}`)).status).toBe(404);
  expect((await post('x'.repeat(70_000))).status).toBe(413);
  // The API takes none of it.
  const api = await client.send('POST', '/api/v1/session', { body: '<a/>', headers: { 'content-type': 'text/xml' } });
  expect(api.status).toBe(415);
});
