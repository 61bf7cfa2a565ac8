import { expect, test } from 'vitest';
import { parseGs2Header, parseSaslName } from './gs2-header.ts';

test.each([
  ['n,,n=user', { text: 'n,,', flag: { type: 'n' }, authorizationIdentity: '' }],
  ['y,,', { text: 'y,,', flag: { type: 'y' }, authorizationIdentity: '' }],
  [
    'p=tls-exporter,,',
    { text: 'p=tls-exporter,,', flag: { type: 'p', bindingType: 'tls-exporter' }, authorizationIdentity: '' },
  ],
  ['n,a=tim@example.com,\x01', { text: 'n,a=tim@example.com,', authorizationIdentity: 'tim@example.com' }],
  ['n,a==2C=3D2C,', { text: 'n,a==2C=3D2C,', authorizationIdentity: ',=2C' }],
])('%j begins with a GS2 header', (message, header) => {
  expect(parseGs2Header(message)).toMatchObject(header);
});

test.each([
  '',
  'n',
  'n,',
  ',,',
  'N,,',
  'x,,',
  ' n,,',
  'nn,,',
  'n=,,',
  'F,n,,',
  'p,,',
  'p=,,',
  'p=tls exporter,,',
  'p=tls_exporter,,',
  `p=${'a'.repeat(65)},,`,
  'n,tim,',
  'n,A=tim,',
  'n,a=,',
  'n,a=t=im,',
  'n,user=tim,',
  'n,a=t\0m,',
  'n,a=tim\n,',
  `n,a=${'a'.repeat(256)},`,
])('hardening 19: %j begins with none', (message) => {
  expect(parseGs2Header(message)).toBeNull();
});

test.each([
  ['tim', 'tim'],
  ['a=2Cb=3Dc', 'a,b=c'],
  ['=3D2C', '=2C'],
  ['=2C3D', ',3D'],
  ['ティム', 'ティム'],
  // 255 octets in UTF-8, more as they come.
  ['=2C'.repeat(255), ','.repeat(255)],
])('the saslname %j is %j', (text, name) => {
  expect(parseSaslName(text)).toBe(name);
});

test.each(['', ',', '=', '=2', '=2c', '=3d', '=41', '==2C', 'a=', 'a,b', 'a\0', 'a\r', 'a\u2028', '=2C'.repeat(256)])(
  'hardening 24: %j is no saslname',
  (text) => {
    expect(parseSaslName(text)).toBeNull();
  },
);
