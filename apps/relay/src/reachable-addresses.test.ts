import { NetworkList } from '@postel/directory';
import { expect, test } from 'vitest';
import { ReachableAddresses } from './reachable-addresses.ts';

const none = new ReachableAddresses(new NetworkList([]), () => new Set(['203.0.113.25']));

test.for([
  '127.0.0.1',
  '10.1.2.3',
  '100.64.0.1',
  '169.254.169.254',
  '255.255.255.255',
  '::1',
  '::1%lo',
  '::ffff:127.0.0.1',
  '::ffff:a00:1',
  '::7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::7f00:1',
  '2002:7f00:1::1',
  '2001:0:7f00:1::1',
  'fe80::1%eth0',
  'fec0::1',
  'fd00::1',
  'ff02::1',
  '203.0.113.25',
])('hardening 60: mail does not go to %s', (address) => {
  expect(none.includes(address)).toBe(false);
});

test.for(['8.8.8.8', '2001:4860:4860::8888', '2a00::1'])('mail goes to %s', (address) => {
  expect(none.includes(address)).toBe(true);
});
